//! What is to be fetched, and from where.

use terrarium_k3s::release::{HELM_SITE, HelmRelease, K3S_SITE, Release};
use terrarium_k3s::sums::Sha256;

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
    /// Name in the cache: says what and which version it is.
    pub name: String,
    /// Path under the site, literal, `/`-separated, without a leading slash.
    pub path: String,
    /// Path of the checksum file that lists it, likewise.
    pub sums_path: Option<String>,
    /// The digest pinned by hand.
    pub expected: Option<Sha256>,
    /// Where from.
    pub origin: Origin,
}

impl Wanted {
    /// k3s' binary. `pin` is the inventory's `[k3s.sha256]` for the architecture.
    pub fn k3s(release: &Release, pin: Option<Sha256>, mirror: Option<&str>) -> Self {
        Self {
            name: release.cache_name(),
            path: release.path(),
            sums_path: Some(release.sums_path()),
            expected: pin,
            origin: Origin::of(K3S_SITE, mirror),
        }
    }

    /// helm's archive; [`super::Store::helm`] unpacks it too.
    pub fn helm(release: &HelmRelease, mirror: Option<&str>) -> Self {
        Self {
            name: release.file_name(),
            path: release.file_name(),
            sums_path: Some(release.sums_path()),
            expected: None,
            origin: Origin::of(HELM_SITE, mirror),
        }
    }

    /// The name the checksum file lists it under.
    pub(super) fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}
