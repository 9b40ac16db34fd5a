//! What the inventory or a chart wishes and Kubernetes lets nobody change.

use serde_json::Value;
use terrarium_helm::fixed::{Stuck, stuck};
use terrarium_inventory::Inventory;
use terrarium_plan::{Facts, Refusal, StackChange};

use super::wrong::blank;
use super::{PART, objects};
use crate::error::Failure;
use crate::fit::stack::Part;

/// A refusal for each such field of the releases that would be changed.
pub(crate) fn refusals(
    inventory: &Inventory,
    server: &Facts,
    changes: &[StackChange],
    parts: &[Part],
) -> Result<Vec<Refusal>, Failure> {
    let Some(objects) = objects::read(server.cluster.as_ref())? else { return Ok(Vec::new()) };
    let changed = |part: &&Part| {
        changes.iter().any(|change| change.service == part.name && change.kind != "install")
    };
    let mut refusals: Vec<Refusal> = Vec::new();
    for part in parts.iter().filter(changed) {
        for stuck in stuck(&part.manifests, &objects) {
            let refusal = refusal(inventory, &part.name, &stuck);
            // The priority classes are with every part.
            if !refusals.contains(&refusal) {
                refusals.push(refusal);
            }
        }
    }
    Ok(refusals)
}

fn refusal(inventory: &Inventory, service: &str, stuck: &Stuck) -> Refusal {
    let key = &stuck.key;
    let place = stuck.value().and_then(|value| place(inventory, service, value));
    let place = place.map_or_else(String::new, |place| format!(" ({place})"));
    let what = format!(
        "`{service}`: {} {}: {} is {} in the cluster and would be {}{place}, which Kubernetes lets \
         nobody change",
        key.kind,
        key.name,
        stuck.name(),
        stuck.found,
        stuck.wished
    );
    Refusal::new(PART, "fixed", what, stuck.hint(service))
}

/// The file and line that say it.
fn place(inventory: &Inventory, service: &str, value: &str) -> Option<String> {
    let written = serde_json::to_value(inventory.stack.values.get(service)?).ok()?;
    if written["storage"][value] == Value::Null {
        return None;
    }
    let path = ["values", service, "storage", value].map(Into::into).to_vec();
    let problems = inventory.written.problems(blank(path), Vec::new());
    let (line, _) = problems.iter().next()?.position()?;
    Some(format!("{}:{line}", inventory.path.display()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use terrarium_plan::{Cluster, StackObjects};

    use super::*;

    const MANIFEST: &str = "kind: StatefulSet\nmetadata: {name: redis, namespace: terrarium}\n\
        spec:\n  podManagementPolicy: Parallel\n  volumeClaimTemplates:\n    \
        - spec: {resources: {requests: {storage: 50Gi}}}\n";

    fn refused(written: &str, kind: &str) -> Vec<Refusal> {
        let text = format!("[[node]]\nname = 'pi-1'\nhost = '10.0.0.1'\n{written}");
        let path = Path::new("/x/pis.toml");
        let inventory = Inventory::parse(path, &text, Some(Path::new("/x"))).unwrap();
        let there = "StatefulSet terrarium redis <none> 1 1 <none> <none> Parallel 1Gi <none> \
                     <none> <none> <none> <none>\n";
        let objects = StackObjects { made: String::new(), there: there.to_owned() };
        let cluster = Cluster { objects: Some(objects), ..Cluster::default() };
        let server = Facts { cluster: Some(cluster), ..Facts::default() };
        let change = StackChange {
            service: "redis".to_owned(),
            kind: kind.to_owned(),
            reason: String::new(),
            wave: 0,
        };
        let part = Part {
            name: "redis".to_owned(),
            title: String::new(),
            group: String::new(),
            needs: Vec::new(),
            wave: 0,
            manifests: MANIFEST.to_owned(),
        };
        refusals(&inventory, &server, &[change], &[part]).unwrap()
    }

    #[test]
    fn a_size_that_cannot_change_is_told_with_its_line() {
        let written =
            "[stack]\nservices = ['redis']\n[stack.values.redis]\nstorage = { size = '50Gi' }\n";
        let refused_now = refused(written, "upgrade");
        assert_eq!(
            refused_now[0].what,
            "`redis`: StatefulSet redis: the size of its volume is 1Gi in the cluster and would be \
             50Gi (/x/pis.toml:7), which Kubernetes lets nobody change"
        );
        // A chart's own value has no line; what is not there can be anything.
        let refused_now = refused("[stack]\nservices = ['redis']\n", "upgrade");
        assert!(refused_now[0].what.contains("would be 50Gi, which"), "{refused_now:?}");
        assert!(refused(written, "install").is_empty());
    }
}
