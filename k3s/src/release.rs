//! Where a release lies on its public site, and for which machines there is one.
//!
//! Paths are relative to the site, literal (a `+` is a `+`) and the same on a
//! mirror; whoever turns one into an address encodes it. What a file is compared
//! with: the inventory's pin, else what is built in ([`crate::digests`]), else what
//! it was the first time, else the release's own checksum file.

use crate::version::Version;

/// Where k3s' releases live.
pub const K3S_SITE: &str = "https://github.com";

/// Where helm's releases live.
pub const HELM_SITE: &str = "https://get.helm.sh";

/// A node's processor architecture, as Go and container images name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arch {
    /// 64-bit ARM: every Raspberry Pi since the 3, under a 64-bit system.
    Arm64,
    /// 64-bit x86.
    Amd64,
}

/// A machine no release is made for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no 64-bit release runs on machine `{machine}`: {reason}")]
pub struct ArchError {
    /// What `uname -m` said.
    pub machine: String,
    /// Why, and what to do.
    pub reason: &'static str,
}

impl Arch {
    /// From `uname -m`.
    ///
    /// The kernel's word only: a 64-bit kernel under a 32-bit system says
    /// `aarch64` too, which `getconf LONG_BIT` tells apart.
    pub fn from_uname(machine: &str) -> Result<Self, ArchError> {
        let reason = match machine.trim() {
            "aarch64" | "arm64" => return Ok(Self::Arm64),
            "x86_64" | "amd64" => return Ok(Self::Amd64),
            "armv7l" | "armv8l" => {
                "the system is 32-bit; flash a 64-bit image (a Pi 3, 4 or 5 runs one)"
            }
            "armv6l" => "a Pi 1 or Zero is 32-bit only; use a Pi 3 or later with a 64-bit image",
            "i386" | "i486" | "i586" | "i686" => "the system is 32-bit; install a 64-bit one",
            _ => "only arm64 (aarch64) and amd64 (x86_64) are supported",
        };
        Err(ArchError { machine: machine.escape_debug().take(32).collect(), reason })
    }

    /// `arm64` or `amd64`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::Amd64 => "amd64",
        }
    }
}

impl std::fmt::Display for Arch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One k3s binary.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Release {
    /// Which release.
    pub version: Version,
    /// For which nodes.
    pub arch: Arch,
}

impl Release {
    /// The file's name in the release and in its checksum file.
    pub const fn file_name(&self) -> &'static str {
        match self.arch {
            // k3s names the first architecture it had without a suffix.
            Arch::Amd64 => "k3s",
            Arch::Arm64 => "k3s-arm64",
        }
    }

    /// The binary's path under [`K3S_SITE`].
    pub fn path(&self) -> String {
        format!("{}/{}", self.folder(), self.file_name())
    }

    /// The checksum file's path under [`K3S_SITE`].
    pub fn sums_path(&self) -> String {
        format!("{}/sha256sum-{}.txt", self.folder(), self.arch)
    }

    /// A file name for the cache that says what is in it.
    pub fn cache_name(&self) -> String {
        format!("k3s-{}-{}", self.version, self.arch)
    }

    fn folder(&self) -> String {
        format!("k3s-io/k3s/releases/download/{}", self.version)
    }
}

/// The operator's operating system, as helm names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Os {
    /// Linux.
    Linux,
    /// macOS.
    Darwin,
}

impl Os {
    /// From `std::env::consts::OS`; `None` where helm has to be installed by hand.
    pub fn from_rust(os: &str) -> Option<Self> {
        match os {
            "linux" => Some(Self::Linux),
            "macos" => Some(Self::Darwin),
            _ => None,
        }
    }

    /// `linux` or `darwin`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::Darwin => "darwin",
        }
    }
}

/// One helm archive. helm runs on the operator's machine, not on a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HelmRelease {
    /// As helm writes it, with the `v`: `v3.21.4`.
    pub version: String,
    /// The operator's system.
    pub os: Os,
    /// The operator's processor.
    pub arch: Arch,
}

impl HelmRelease {
    /// The archive's name, which is also its path under [`HELM_SITE`].
    pub fn file_name(&self) -> String {
        format!("helm-{}-{}.tar.gz", self.version, self.platform())
    }

    /// The checksum file's path under [`HELM_SITE`].
    pub fn sums_path(&self) -> String {
        format!("{}.sha256sum", self.file_name())
    }

    /// The one entry of the archive that is wanted.
    pub fn entry(&self) -> String {
        format!("{}/helm", self.platform())
    }

    /// A name that says which release it is: of the unpacked program in the
    /// cache, and of the archive where digests are kept.
    pub fn cache_name(&self) -> String {
        format!("helm-{}-{}", self.version, self.platform())
    }

    /// `linux-arm64`, as the release names the machine it is for.
    pub fn platform(&self) -> String {
        format!("{}-{}", self.os.as_str(), self.arch)
    }
}

#[cfg(test)]
mod tests {
    use super::{Arch, HelmRelease, Os, Release};
    use crate::version::Version;

    #[test]
    fn k3s_paths() {
        for (arch, path, sums) in [
            (
                Arch::Arm64,
                "k3s-io/k3s/releases/download/v1.36.3+k3s1/k3s-arm64",
                "k3s-io/k3s/releases/download/v1.36.3+k3s1/sha256sum-arm64.txt",
            ),
            (
                Arch::Amd64,
                "k3s-io/k3s/releases/download/v1.36.3+k3s1/k3s",
                "k3s-io/k3s/releases/download/v1.36.3+k3s1/sha256sum-amd64.txt",
            ),
        ] {
            let release = Release { version: Version::parse("v1.36.3+k3s1").unwrap(), arch };
            assert_eq!(release.path(), path);
            assert_eq!(release.sums_path(), sums);
            assert!(path.ends_with(&format!("/{}", release.file_name())));
            assert_eq!(release.cache_name(), format!("k3s-v1.36.3+k3s1-{arch}"));
        }
    }

    #[test]
    fn helm_paths() {
        let release = HelmRelease { version: "v3.21.4".into(), os: Os::Darwin, arch: Arch::Arm64 };
        assert_eq!(release.file_name(), "helm-v3.21.4-darwin-arm64.tar.gz");
        assert_eq!(release.sums_path(), "helm-v3.21.4-darwin-arm64.tar.gz.sha256sum");
        assert_eq!(release.entry(), "darwin-arm64/helm");
        assert_eq!(Os::from_rust("linux"), Some(Os::Linux));
        assert_eq!(Os::from_rust("windows"), None);
    }

    #[test]
    fn machines() {
        for (machine, expected) in [
            ("aarch64", Some(Arch::Arm64)),
            ("arm64\n", Some(Arch::Arm64)),
            ("x86_64", Some(Arch::Amd64)),
            ("armv7l", None),
            ("armv6l", None),
            ("riscv64", None),
            ("", None),
        ] {
            assert_eq!(Arch::from_uname(machine).ok(), expected, "{machine}");
        }
        let refused = Arch::from_uname("armv7l").unwrap_err().to_string();
        assert!(refused.contains("armv7l") && refused.contains("64-bit image"), "{refused}");
    }
}
