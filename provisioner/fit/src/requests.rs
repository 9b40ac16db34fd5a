//! What a pod takes of a node: its containers' requests, as the scheduler adds
//! them up.

use crate::model::Resources;

/// What a container that requests no CPU counts as in scores, in thousandths.
const SCORED_CPU: u64 = 100;
/// What one that requests no memory counts as, in bytes.
const SCORED_MEMORY: u64 = 200 * 1024 * 1024;

/// One container's part.
#[derive(Debug, Clone, Default)]
pub(crate) struct Part {
    /// Its requests.
    pub requests: Resources,
    /// Its limits.
    pub limits: Resources,
    /// Whether it requests CPU and memory at all.
    pub says: (bool, bool),
    /// Which kind it is.
    pub kind: Kind,
}

/// When a container runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Kind {
    /// As long as the pod.
    #[default]
    App,
    /// Before the next one, and ends.
    Init,
    /// An init container that stays: a sidecar.
    Sidecar,
}

impl Kind {
    /// Of a container `before` the others, which `stays` or ends.
    pub(crate) const fn new(before: bool, stays: bool) -> Self {
        match (before, stays) {
            (false, _) => Self::App,
            (true, false) => Self::Init,
            (true, true) => Self::Sidecar,
        }
    }
}

/// The most the containers take at once. Init containers run one after the
/// other beside the sidecars before them; then all others run together.
pub(crate) fn effective(parts: &[Part], overhead: &Resources) -> Resources {
    let mut sum = together(parts, |part| part.requests.clone());
    sum.add(overhead);
    sum
}

/// CPU and memory as scores count them.
pub(crate) fn scored(parts: &[Part], overhead: &Resources) -> (u64, u64) {
    let mut sum = together(parts, |part| Resources {
        cpu_milli: if part.says.0 { part.requests.cpu_milli } else { SCORED_CPU },
        memory_bytes: if part.says.1 { part.requests.memory_bytes } else { SCORED_MEMORY },
        ..Resources::default()
    });
    sum.add(overhead);
    (sum.cpu_milli, sum.memory_bytes)
}

/// The most the containers may take at once, of what they have limits for.
pub(crate) fn limits(parts: &[Part]) -> Resources {
    together(parts, |part| part.limits.clone())
}

fn together(parts: &[Part], of: impl Fn(&Part) -> Resources) -> Resources {
    let mut lasting = Resources::default();
    let mut peak = Resources::default();
    for part in parts.iter().filter(|part| part.kind != Kind::App) {
        let requests = of(part);
        if part.kind == Kind::Sidecar {
            lasting.add(&requests);
            peak.max(&lasting);
        } else {
            let mut now = lasting.clone();
            now.add(&requests);
            peak.max(&now);
        }
    }
    for part in parts.iter().filter(|part| part.kind == Kind::App) {
        lasting.add(&of(part));
    }
    lasting.max(&peak);
    lasting
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(kind: Kind, cpu: u64, memory: u64) -> Part {
        let requests = Resources { cpu_milli: cpu, memory_bytes: memory, ..Resources::default() };
        Part { requests, says: (cpu > 0, memory > 0), kind, ..Part::default() }
    }

    /// Cases of `TestPodResourceRequests` in kubernetes/component-helpers,
    /// `resource/helpers_test.go`, in our units.
    #[test]
    fn table() {
        use Kind::{App, Init, Sidecar};
        for (what, parts, expected) in [
            ("none", vec![], (0, 0)),
            ("a sum", vec![part(App, 1000, 5), part(App, 2000, 7)], (3000, 12)),
            ("an init container below", vec![part(Init, 1000, 1), part(App, 2000, 2)], (2000, 2)),
            ("one above", vec![part(Init, 3000, 1), part(App, 2000, 2)], (3000, 2)),
            (
                "two, of which the larger",
                vec![part(Init, 5, 9), part(Init, 6, 3), part(App, 1, 1)],
                (6, 9),
            ),
            ("a sidecar is added", vec![part(Sidecar, 1000, 10), part(App, 4000, 5)], (5000, 15)),
            (
                "an init container after a sidecar runs beside it",
                vec![part(Sidecar, 3, 3), part(Init, 10, 10), part(App, 1, 1)],
                (13, 13),
            ),
            (
                "one before it does not",
                vec![part(Init, 10, 10), part(Sidecar, 3, 3), part(App, 1, 1)],
                (10, 10),
            ),
            (
                "sidecars between init containers",
                vec![
                    part(Init, 5, 0),
                    part(Sidecar, 1, 0),
                    part(Init, 5, 0),
                    part(Sidecar, 1, 0),
                    part(Init, 5, 0),
                    part(Sidecar, 3, 0),
                    part(App, 1, 0),
                ],
                (7, 0),
            ),
        ] {
            let sum = effective(&parts, &Resources::default());
            assert_eq!((sum.cpu_milli, sum.memory_bytes), expected, "{what}");
        }
    }

    #[test]
    fn overhead_is_added_and_what_is_not_said_counts_in_scores_only() {
        let overhead = Resources { memory_bytes: 7, ..Resources::default() };
        let parts = [part(Kind::App, 0, 0), part(Kind::App, 50, 0)];
        assert_eq!(effective(&parts, &overhead).memory_bytes, 7);
        assert_eq!(scored(&parts, &overhead), (150, 2 * SCORED_MEMORY + 7));
    }
}
