//! k3s versions: reading, ordering, and which may stand beside which.

use std::cmp::Ordering;
use std::fmt;

/// A k3s version: Kubernetes' own, and k3s' counter on top of it.
///
/// Written `v1.34.4+k3s1`, or `v1.34.4-rc2+k3s1` for a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version {
    /// Kubernetes major; has always been 1.
    pub major: u32,
    /// Kubernetes minor, what skew is counted in.
    pub minor: u32,
    /// Kubernetes patch.
    pub patch: u32,
    /// Number of the release candidate; `None` for a release.
    pub candidate: Option<u32>,
    /// k3s' own counter: 1 in `+k3s1`.
    pub k3s: u32,
}

/// A text that is no k3s version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a k3s version: expected the form `v1.34.4+k3s1`")]
pub struct VersionError {
    /// What was given.
    pub text: String,
}

/// How an agent node's version stands to its server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skew {
    /// Kubernetes supports the pair.
    Supported,
    /// The agent node is newer than the server: the kubelet may use an API the
    /// server does not have. Upgrade the server first.
    AgentNewer,
    /// The agent node is this many minors behind, more than [`MAX_SKEW`].
    TooOld {
        /// Minors between the two.
        minors: u32,
    },
}

/// How many minors a kubelet may be older than its API server (since 1.28).
pub const MAX_SKEW: u32 = 3;

/// What replacing a version by another amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The two are equal.
    Same,
    /// The wish is newer, by at most one minor: what Kubernetes supports.
    Upgrade,
    /// The wish is newer by more than one minor. The control plane must pass
    /// through each minor; skipping one is not supported.
    SkipsMinors {
        /// Minors between the two.
        minors: u32,
    },
    /// The wish is older. A datastore written by a newer version is not
    /// readable by an older one in general; k3s' way back is a snapshot.
    Downgrade,
}

impl Version {
    /// Reads a version as k3s names its releases and as `k3s --version` and the
    /// kubelet report it. Strict: no leading zeros, no missing part, ASCII only.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        read(text).ok_or_else(|| VersionError {
            // A hostile reply must not flood a terminal.
            text: text.escape_debug().take(64).collect(),
        })
    }

    /// Finds the version in the first line of `k3s --version`:
    /// `k3s version v1.34.4+k3s1 (abcdef12)`.
    pub fn from_banner(output: &str) -> Option<Self> {
        let line = output.lines().next()?;
        let mut words = line.split_ascii_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("k3s"), Some("version"), Some(version)) => read(version),
            _ => None,
        }
    }

    /// How an agent node of this version stands to `server`.
    pub fn skew_to(&self, server: &Self) -> Skew {
        if self.kubernetes() > server.kubernetes() {
            return Skew::AgentNewer;
        }
        match server.minor.saturating_sub(self.minor) {
            _ if self.major != server.major => Skew::TooOld { minors: u32::MAX },
            minors if minors > MAX_SKEW => Skew::TooOld { minors },
            _ => Skew::Supported,
        }
    }

    /// What going from this version to `wanted` amounts to.
    pub fn step_to(&self, wanted: &Self) -> Step {
        match wanted.cmp(self) {
            Ordering::Equal => Step::Same,
            Ordering::Less => Step::Downgrade,
            Ordering::Greater if wanted.major == self.major => {
                match wanted.minor.saturating_sub(self.minor) {
                    0 | 1 => Step::Upgrade,
                    minors => Step::SkipsMinors { minors },
                }
            }
            Ordering::Greater => Step::SkipsMinors { minors: u32::MAX },
        }
    }

    /// The part Kubernetes' skew rules speak of: k3s' counter has no say.
    fn kubernetes(&self) -> (u32, u32, u32, u32) {
        // A release follows all of its candidates.
        (self.major, self.minor, self.patch, self.candidate.unwrap_or(u32::MAX))
    }
}

fn read(text: &str) -> Option<Version> {
    let (kubernetes, k3s) = text.strip_prefix('v')?.split_once("+k3s")?;
    let (numbers, candidate) = match kubernetes.split_once("-rc") {
        Some((numbers, candidate)) => (numbers, Some(number(candidate)?)),
        None => (kubernetes, None),
    };
    let mut parts = numbers.split('.');
    let version = Version {
        major: number(parts.next()?)?,
        minor: number(parts.next()?)?,
        patch: number(parts.next()?)?,
        candidate,
        k3s: number(k3s)?,
    };
    parts.next().is_none().then_some(version)
}

fn number(text: &str) -> Option<u32> {
    let canonical =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    canonical.then(|| text.parse().ok()).flatten()
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.kubernetes(), self.k3s).cmp(&(other.kubernetes(), other.k3s))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}.{}", self.major, self.minor, self.patch)?;
        if let Some(candidate) = self.candidate {
            write!(f, "-rc{candidate}")?;
        }
        write!(f, "+k3s{}", self.k3s)
    }
}

impl std::str::FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Skew, Step, Version};

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn reads_what_k3s_writes_and_nothing_else() {
        for good in ["v1.34.4+k3s1", "v1.34.0-rc2+k3s3", "v1.0.0+k3s0"] {
            assert_eq!(version(good).to_string(), good);
        }
        for bad in [
            "",
            "v",
            "1.34.4+k3s1",
            "v1.34.4",
            "v1.34+k3s1",
            "v1.34.4.1+k3s1",
            "v1.34.4+k3s",
            "v1.34.4+rke2r1",
            "v1.034.4+k3s1",
            "v1.-3.4+k3s1",
            "v1.34.4+k3s1 ",
            "v1.34.4-beta1+k3s1",
            "v1.34.99999999999+k3s1",
            "v+1.34.4+k3s1",
            "v1.34.4+k3s1\n",
            "latest",
        ] {
            assert!(Version::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn orders_by_kubernetes_then_candidate_then_counter() {
        let sorted = [
            "v1.9.9+k3s9",
            "v1.33.10+k3s1",
            "v1.34.4-rc1+k3s1",
            "v1.34.4-rc10+k3s1",
            "v1.34.4+k3s1",
            "v1.34.4+k3s2",
            "v1.34.10+k3s1",
            "v2.0.0+k3s1",
        ];
        for pair in sorted.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn skew() {
        for (agent, server, expected) in [
            ("v1.34.4+k3s1", "v1.34.4+k3s1", Skew::Supported),
            // k3s' counter carries no Kubernetes change.
            ("v1.34.4+k3s2", "v1.34.4+k3s1", Skew::Supported),
            ("v1.31.0+k3s1", "v1.34.4+k3s1", Skew::Supported),
            ("v1.30.9+k3s1", "v1.34.4+k3s1", Skew::TooOld { minors: 4 }),
            ("v1.34.5+k3s1", "v1.34.4+k3s1", Skew::AgentNewer),
            ("v1.34.4+k3s1", "v1.34.4-rc1+k3s1", Skew::AgentNewer),
            ("v1.35.0+k3s1", "v1.34.4+k3s1", Skew::AgentNewer),
        ] {
            assert_eq!(version(agent).skew_to(&version(server)), expected, "{agent} to {server}");
        }
    }

    #[test]
    fn steps() {
        for (from, to, expected) in [
            ("v1.34.4+k3s1", "v1.34.4+k3s1", Step::Same),
            ("v1.34.4+k3s1", "v1.34.4+k3s2", Step::Upgrade),
            ("v1.33.9+k3s1", "v1.34.0+k3s1", Step::Upgrade),
            ("v1.32.0+k3s1", "v1.34.0+k3s1", Step::SkipsMinors { minors: 2 }),
            ("v1.34.4+k3s2", "v1.34.4+k3s1", Step::Downgrade),
            ("v1.34.4+k3s1", "v1.34.4-rc1+k3s1", Step::Downgrade),
            ("v1.34.0+k3s1", "v1.33.9+k3s1", Step::Downgrade),
        ] {
            assert_eq!(version(from).step_to(&version(to)), expected, "{from} to {to}");
        }
    }

    #[test]
    fn banner() {
        let output = "k3s version v1.34.4+k3s1 (c6017918)\ngo version go1.24.12\n";
        assert_eq!(Version::from_banner(output), Some(version("v1.34.4+k3s1")));
        assert_eq!(Version::from_banner("sh: k3s: not found"), None);
        assert_eq!(Version::from_banner(""), None);
    }

    #[test]
    fn an_error_is_short_whatever_came() {
        let error = Version::parse(&"\u{1b}[2J".repeat(1000)).unwrap_err();
        assert!(error.to_string().len() < 200);
        assert!(!error.to_string().contains('\u{1b}'));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            if let Ok(version) = Version::parse(&text) {
                prop_assert_eq!(version.to_string(), text);
            }
        }
    }
}
