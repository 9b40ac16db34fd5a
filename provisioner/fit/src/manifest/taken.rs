//! Volumes that somebody made by hand, and the claims that will get one.

use std::collections::{BTreeMap, BTreeSet};

use crate::limit;

/// The claims for volumes made by hand that were read so far, those of other texts of
/// the same cluster among them.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    classes: BTreeMap<String, OfClass>,
}

/// What a claim asks of a volume: bytes at least, and modes.
type Ask = (u64, BTreeSet<String>);

#[derive(Debug, Clone, Default)]
struct OfClass {
    /// Whether a claim, by namespace and name, will get one.
    claims: BTreeMap<String, bool>,
    /// How many of those that will, ask for this.
    asked: BTreeMap<Ask, usize>,
}

impl Taken {
    /// Whether there is a volume for a claim beside those before it: of whatever is asked
    /// for no more often than there are volumes for it. `as_many` counts the volumes
    /// that an ask would take.
    pub(super) fn one(
        &mut self,
        class: &str,
        claim: &str,
        ask: Ask,
        as_many: impl Fn(u64, &BTreeSet<String>) -> usize,
    ) -> bool {
        let of_class = self.classes.entry(class.to_owned()).or_default();
        if let Some(granted) = of_class.claims.get(claim) {
            return *granted;
        }
        // Whoever asks for more takes a volume of those who ask for less.
        let within = |more: &Ask, less: &Ask| more.0 >= less.0 && more.1.is_superset(&less.1);
        let mut asks: BTreeSet<&Ask> = of_class.asked.keys().collect();
        asks.insert(&ask);
        let granted = asks.iter().filter(|less| within(&ask, less)).all(|less| {
            limit::check();
            let taken = of_class.asked.iter().filter(|(more, _)| within(more, less));
            taken.map(|(_, claims)| claims).sum::<usize>() < as_many(less.0, &less.1)
        });
        if granted {
            *of_class.asked.entry(ask).or_default() += 1;
        }
        of_class.claims.insert(claim.to_owned(), granted);
        granted
    }
}
