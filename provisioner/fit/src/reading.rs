//! What the board bears, beside what the scheduler counts: the scheduler knows
//! requests and allocatable, the board has one memory for pods, k3s, the system
//! and the agent. All figures in bytes.

use serde::{Deserialize, Serialize};

/// From the least to the most it can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The least.
    pub low: u64,
    /// The most.
    pub high: u64,
}

/// What pods on a node ask for and may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// All requests: the use that is expected.
    pub requested: u64,
    /// All limits; a pod without one counts its request.
    pub limited: u64,
    /// Pods with a container that requests no memory: unpriced.
    pub without_request: usize,
    /// Pods with a container that has no memory limit: bounded by nothing.
    pub without_limit: usize,
}

/// How a board takes a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Reading {
    /// Even all limits at once leave this much.
    Roomy {
        /// Bytes to spare.
        spare: u64,
    },
    /// The expected use fits; all limits at once would not.
    Overcommitted {
        /// Bytes to spare beside the expected use.
        spare: u64,
        /// Bytes missing if all limits were used at once.
        missing: u64,
    },
    /// Whether the expected use fits depends on where the figures lie between
    /// their bounds.
    Tight {
        /// Bytes missing at worst.
        missing: u64,
    },
    /// The expected use does not fit, wherever the figures lie.
    Short {
        /// Bytes missing at best.
        missing: u64,
    },
}

/// Reads a board with `memory` (`MemTotal`), of which it uses `own` itself.
pub fn read(memory: Range, own: Range, load: &Load) -> Reading {
    let least = load.requested.saturating_add(own.low);
    let most = load.requested.saturating_add(own.high);
    let worst = load.limited.max(load.requested).saturating_add(own.high);
    if least > memory.high {
        Reading::Short { missing: least - memory.high }
    } else if most > memory.low {
        Reading::Tight { missing: most - memory.low }
    } else if worst > memory.low {
        Reading::Overcommitted { spare: memory.low - most, missing: worst - memory.low }
    } else {
        Reading::Roomy { spare: memory.low - worst }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(low: u64, high: u64) -> Range {
        Range { low, high }
    }

    fn load(requested: u64, limited: u64) -> Load {
        Load { requested, limited, ..Load::default() }
    }

    #[test]
    fn table() {
        let (memory, own) = (range(3700, 3895), range(1336, 1843));
        for (requested, limited, expected) in [
            (1000, 1500, Reading::Roomy { spare: 357 }),
            (1000, 3000, Reading::Overcommitted { spare: 857, missing: 1143 }),
            // What `provision` lets the scheduler hand out on such a server.
            (1950, 3000, Reading::Tight { missing: 93 }),
            (2600, 3000, Reading::Short { missing: 41 }),
            // A limit below the request is no limit that could be used.
            (1000, 0, Reading::Roomy { spare: 857 }),
        ] {
            assert_eq!(read(memory, own, &load(requested, limited)), expected, "{requested}");
        }
    }

    /// From roomy to short.
    fn rank(reading: Reading) -> u8 {
        match reading {
            Reading::Roomy { .. } => 0,
            Reading::Overcommitted { .. } => 1,
            Reading::Tight { .. } => 2,
            Reading::Short { .. } => 3,
        }
    }

    proptest! {
        #[test]
        fn more_load_never_reads_better_and_more_memory_never_worse(
            low in 0_u64..5000, width in 0_u64..500, own in 0_u64..2000, more in 0_u64..500,
            requested in 0_u64..6000, limited in 0_u64..9000, add in 0_u64..3000,
        ) {
            let own = range(own, own + more);
            let memory = range(low, low + width);
            let here = rank(read(memory, own, &load(requested, limited)));
            let loaded = load(requested + add, limited + add);
            prop_assert!(rank(read(memory, own, &loaded)) >= here);
            let larger = range(low + add, low + width + add);
            prop_assert!(rank(read(larger, own, &load(requested, limited))) <= here);
        }

        #[test]
        fn no_figure_overflows(a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) {
            read(range(a.min(b), a.max(b)), range(c.min(d), c.max(d)), &load(e, f));
        }
    }
}
