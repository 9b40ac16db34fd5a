//! What is to be fetched, and from where.

use terrarium_k3s::release::{HELM_SITE, HelmRelease, K3S_SITE, Release};

use super::expected::Expected;
use super::site::without_credentials;

/// Where a file comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum Origin {
    /// Its public site: base address, always `https://`.
    Public(String),
    /// The inventory's `[artifacts] mirror`: base address, `https://`, `http://`
    /// or `file://`, holding the public sites' layout.
    Mirror(String),
}

impl std::fmt::Debug for Origin {
    /// Without the credentials a mirror's address may hold.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, base) = match self {
            Self::Public(base) => ("Public", base),
            Self::Mirror(base) => ("Mirror", base),
        };
        f.debug_tuple(name).field(&without_credentials(base)).finish()
    }
}

impl Origin {
    fn of(site: &str, mirror: Option<&str>) -> Self {
        mirror
            .map_or_else(|| Self::Public(site.to_owned()), |mirror| Self::Mirror(mirror.to_owned()))
    }
}

/// One file to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What and which version it is: its name for people, in the lock file and
    /// among pins.
    pub name: String,
    /// Its file's name in the cache.
    pub file: String,
    /// Path under the site, literal, `/`-separated, without a leading slash.
    pub path: String,
    /// Path of the checksum file that lists it, likewise.
    pub sums_path: Option<String>,
    /// The digest it must have, where one is known before the release is asked.
    pub expected: Option<Expected>,
    /// Where from.
    pub origin: Origin,
}

impl Wanted {
    /// k3s' binary.
    pub fn k3s(release: &Release, expected: Option<Expected>, mirror: Option<&str>) -> Self {
        Self {
            name: release.cache_name(),
            file: release.cache_name(),
            path: release.path(),
            sums_path: Some(release.sums_path()),
            expected,
            origin: Origin::of(K3S_SITE, mirror),
        }
    }

    /// helm's archive; [`super::Store::helm`] unpacks it too.
    pub fn helm(release: &HelmRelease, expected: Option<Expected>, mirror: Option<&str>) -> Self {
        Self {
            name: release.cache_name(),
            file: release.file_name(),
            path: release.file_name(),
            sums_path: Some(release.sums_path()),
            expected,
            origin: Origin::of(HELM_SITE, mirror),
        }
    }

    /// The name the checksum file lists it under.
    pub(super) fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}
