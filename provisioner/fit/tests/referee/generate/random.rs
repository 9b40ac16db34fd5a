//! Chance as the generator asks for it.

/// The crate's own, for numbers that are no places in a list.
pub(super) struct Random(terrarium_fit::random::Random);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(terrarium_fit::random::Random::new(seed))
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0.number() % bound
    }

    pub(super) fn one_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }
}
