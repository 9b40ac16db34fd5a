//! What was sent lately, so that it is not sent again.

use serde::{Deserialize, Serialize};

/// Things by GitHub's number, each with a stamp that changes when it does; the
/// lowest stamps first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Recent(Vec<(u64, i64)>);

impl Recent {
    /// Whether this very state of the thing is in it.
    pub fn knows(&self, id: u64, stamp: i64) -> bool {
        self.0.contains(&(id, stamp))
    }

    /// Whether the thing is in it, in whatever state.
    pub fn has(&self, id: u64) -> bool {
        self.0.iter().any(|(known, _)| *known == id)
    }

    /// Adds a thing, or its new state.
    pub fn add(&mut self, id: u64, stamp: i64) {
        self.0.retain(|(known, _)| *known != id);
        let at = self.0.partition_point(|(_, known)| *known <= stamp);
        self.0.insert(at, (id, stamp));
    }

    /// Forgets stamps below `stamp`.
    pub fn forget_below(&mut self, stamp: i64) {
        self.0.retain(|(_, known)| *known >= stamp);
    }

    /// Forgets the lowest stamps beyond `most`.
    pub fn keep(&mut self, most: usize) {
        self.0.drain(..self.0.len().saturating_sub(most));
    }

    /// The lowest stamp.
    pub fn lowest(&self) -> Option<i64> {
        self.0.first().map(|(_, stamp)| *stamp)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_states_are_kept() {
        let mut recent = Recent::default();
        for (id, stamp) in [(1, 30), (2, 10), (3, 20), (2, 40)] {
            recent.add(id, stamp);
        }
        assert_eq!(recent.0, [(3, 20), (1, 30), (2, 40)]);
        assert!(recent.knows(2, 40) && !recent.knows(2, 10) && recent.has(2) && !recent.has(9));
        recent.forget_below(30);
        assert_eq!((recent.len(), recent.lowest()), (2, Some(30)));
        recent.keep(1);
        assert_eq!(recent.0, [(2, 40)]);
        recent.keep(5);
        assert!(!recent.is_empty());
        assert_eq!(serde_json::to_string(&recent).unwrap(), "[[2,40]]");
    }
}
