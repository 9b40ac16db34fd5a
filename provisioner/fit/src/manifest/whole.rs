//! What a pod requests and may take as a whole, where it says so itself and not
//! by its containers.

use std::collections::BTreeSet;

use super::ManifestError;
use super::at::At;
use crate::model::Resources;
use crate::requests::Part;

/// Requests of the pod as a whole take the place of its containers'. Where it
/// has limits, the API makes a request of the containers' sum and, of what none
/// of them names and of huge pages, of the limit.
pub(super) fn requests(
    at: &At<'_>,
    parts: &[Part],
    overhead: &Resources,
    effective: &mut Resources,
    scored: &mut (u64, u64),
) -> Result<(), ManifestError> {
    let (limits, requests) = (at.get("limits"), at.get("requests"));
    let (asked, most) = (requests.resources()?, limits.resources()?);
    let limited = !limits.entries()?.is_empty();
    let said = |name: &str| match name {
        "cpu" => parts.iter().any(|part| part.says.0),
        "memory" => parts.iter().any(|part| part.says.1),
        _ => false,
    };
    let huge = asked.extended.keys().chain(most.extended.keys());
    let huge: BTreeSet<&str> =
        huge.map(String::as_str).filter(|name| name.starts_with("hugepages-")).collect();
    for name in ["cpu", "memory"].into_iter().chain(huge) {
        let amount = if !requests.get(name).is_null() {
            asked.get(name).saturating_add(overhead.get(name))
        } else if limited && said(name) {
            effective.get(name)
        } else if !limits.get(name).is_null() {
            most.get(name).saturating_add(overhead.get(name))
        } else {
            continue;
        };
        effective.set(name, amount);
        match name {
            "cpu" => scored.0 = amount,
            "memory" => scored.1 = amount,
            _ => {}
        }
    }
    Ok(())
}

/// Limits of the pod as a whole take the place of its containers'; what the
/// runtime takes comes on top of those there are.
pub(super) fn limits(
    mut of_containers: Resources,
    whole: &Resources,
    overhead: &Resources,
) -> Resources {
    let limits = &mut of_containers;
    let huge = whole.extended.keys().map(String::as_str).filter(|n| n.starts_with("hugepages-"));
    for name in ["cpu", "memory"].into_iter().chain(huge).filter(|name| whole.get(name) > 0) {
        limits.set(name, whole.get(name));
    }
    let names = ["cpu", "memory", "ephemeral-storage"];
    for name in names.into_iter().filter(|name| overhead.get(name) > 0) {
        if limits.get(name) > 0 {
            limits.set(name, limits.get(name).saturating_add(overhead.get(name)));
        }
    }
    of_containers
}
