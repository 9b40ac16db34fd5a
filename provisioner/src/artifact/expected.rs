//! What a file is compared with, and how well that is known.

use std::fmt;

use jiff::civil::Date;
use terrarium_k3s::sums::Sha256;

/// A digest that is known before the release is asked, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The digest the file must have.
    pub sha256: Sha256,
    /// Who says so.
    pub source: Source,
}

/// Who says which digest a file must have. The first one that has one decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The inventory, `[artifacts.sha256]` or `[k3s.sha256]`.
    Pinned,
    /// The table that is compiled in.
    BuiltIn,
    /// The lock file beside the inventory.
    Locked {
        /// When it was recorded.
        first_seen: Date,
        /// Where it came from that time.
        from: String,
    },
}

/// What a file was compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// Something known before, in the release's stead.
    Known(Source),
    /// The release's own checksum file, and nothing else: it lies at the same
    /// site as the file.
    ReleaseChecksum,
}

impl Expected {
    /// Of all that say something, the one that decides, and the others that
    /// disagree with it.
    ///
    /// `said` is in the order of precedence.
    pub fn of(said: impl IntoIterator<Item = Self>) -> (Option<Self>, Vec<Source>) {
        let mut said = said.into_iter();
        let Some(first) = said.next() else { return (None, Vec::new()) };
        let others = said.filter(|other| other.sha256 != first.sha256);
        let others = others.map(|other| other.source).collect();
        (Some(first), others)
    }
}

impl fmt::Display for Source {
    /// As the subject of a sentence about a digest: `the inventory pins`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pinned => f.write_str("the inventory pins"),
            Self::BuiltIn => f.write_str("provision has built in"),
            Self::Locked { first_seen, from } => {
                write!(f, "the lock file has, since {first_seen} from {from},")
            }
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(Source::Pinned) => f.write_str("pinned in the inventory"),
            Self::Known(Source::BuiltIn) => f.write_str("built into provision"),
            Self::Known(Source::Locked { first_seen, .. }) => {
                write!(f, "as the first time ({first_seen})")
            }
            Self::ReleaseChecksum => {
                f.write_str("matches the release's own checksum file (same site)")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_decides_and_whoever_disagrees_is_named() {
        let digest = |text: &str| Sha256::of(text.as_bytes());
        let said = |text: &str, source| Expected { sha256: digest(text), source };
        let locked =
            || Source::Locked { first_seen: jiff::civil::date(2026, 1, 31), from: "x".to_owned() };
        for (all, decides, others) in [
            (vec![], None, vec![]),
            (vec![said("a", locked())], Some("a"), vec![]),
            (
                vec![said("a", Source::Pinned), said("b", Source::BuiltIn), said("c", locked())],
                Some("a"),
                vec![Source::BuiltIn, locked()],
            ),
            (vec![said("a", Source::BuiltIn), said("a", locked())], Some("a"), vec![]),
        ] {
            let (found, disagree) = Expected::of(all);
            assert_eq!(found.map(|found| found.sha256), decides.map(digest));
            assert_eq!(disagree, others);
        }
    }
}
