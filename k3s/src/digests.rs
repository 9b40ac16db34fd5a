//! Digests of releases that are built in: `digests.toml`.
//!
//! A release's own checksum file lies at the same site as the release, so that
//! whoever can change one can change both. What is built in was established when
//! this program was made, from other sources; the file names them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::release::{HelmRelease, Release};
use crate::sums::Sha256;

const TEXT: &str = include_str!("../digests.toml");

/// By version, and then by machine.
type Rows = BTreeMap<String, BTreeMap<String, String>>;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    helm: Rows,
    k3s: Rows,
}

// That the text is a table is what the tests below promise.
static TABLE: LazyLock<Table> = LazyLock::new(|| toml::from_str(TEXT).unwrap_or_default());

/// The digest of k3s' binary, where it is built in.
pub fn k3s(release: &Release) -> Option<Sha256> {
    row(&TABLE.k3s, &release.version.to_string(), release.arch.as_str())
}

/// The digest of helm's archive, where it is built in.
pub fn helm(release: &HelmRelease) -> Option<Sha256> {
    row(&TABLE.helm, &release.version, &release.platform())
}

/// An empty row stands for a digest nobody has established yet.
fn row(rows: &Rows, version: &str, machine: &str) -> Option<Sha256> {
    Sha256::parse(rows.get(version)?.get(machine)?).ok()
}

#[cfg(test)]
mod tests {
    use terrarium_inventory::{DEFAULT_K3S_VERSION, HELM_VERSION};

    use super::*;
    use crate::release::{Arch, Os};
    use crate::version::Version;

    /// All rows of a version, in order.
    fn machines<'a>(rows: &'a Rows, version: &str) -> Vec<&'a str> {
        rows[version].keys().map(String::as_str).collect()
    }

    #[test]
    fn the_table_has_a_row_for_every_pinned_version_and_no_other() {
        let table: Table = toml::from_str(TEXT).unwrap();
        assert_eq!(table.helm.keys().collect::<Vec<_>>(), [HELM_VERSION]);
        assert_eq!(
            machines(&table.helm, HELM_VERSION),
            ["darwin-amd64", "darwin-arm64", "linux-amd64", "linux-arm64"]
        );
        assert_eq!(table.k3s.keys().collect::<Vec<_>>(), [DEFAULT_K3S_VERSION]);
        assert_eq!(machines(&table.k3s, DEFAULT_K3S_VERSION), ["amd64", "arm64"]);
    }

    #[test]
    fn each_row_is_a_digest_in_lower_case_or_empty_and_no_two_are_alike() {
        let table: Table = toml::from_str(TEXT).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for text in
            [table.helm, table.k3s].iter().flat_map(BTreeMap::values).flat_map(|row| row.values())
        {
            if !text.is_empty() {
                assert_eq!(Sha256::parse(text).unwrap().to_string(), *text);
                assert!(seen.insert(text.clone()), "{text}");
            }
        }
    }

    #[test]
    fn every_helm_is_built_in_and_another_version_is_not() {
        let found =
            |version: &str, os, arch| helm(&HelmRelease { version: version.to_owned(), os, arch });
        for os in [Os::Linux, Os::Darwin] {
            for arch in [Arch::Arm64, Arch::Amd64] {
                assert!(found(HELM_VERSION, os, arch).is_some(), "{os:?} {arch}");
                assert_eq!(found("v3.0.0", os, arch), None);
            }
        }
    }

    #[test]
    fn the_default_k3s_is_built_in_and_another_version_is_not() {
        let found = |version: &str, arch| {
            k3s(&Release { version: Version::parse(version).unwrap(), arch }).is_some()
        };
        for arch in [Arch::Arm64, Arch::Amd64] {
            assert!(found(DEFAULT_K3S_VERSION, arch), "{arch}");
            assert!(!found("v1.30.0+k3s1", arch), "{arch}");
        }
    }
}
