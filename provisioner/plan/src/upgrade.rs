//! Whether the server may go from the k3s it runs to the one that is wished.
//! Agent nodes follow it either way: they keep no datastore.

use terrarium_inventory::Node;
use terrarium_k3s::version::{Step, Version};

use crate::Refusal;
use crate::k3s::found;
use crate::planner::{Context, is_server};

pub(crate) fn gate(node: &Node, context: &Context<'_>) -> Option<Refusal> {
    if !is_server(node) {
        return None;
    }
    let wanted = Version::parse(&context.inventory.k3s.version).ok()?;
    let running = running(node, context)?;
    match running.step_to(&wanted) {
        Step::Same | Step::Upgrade => None,
        Step::Downgrade => Some(Refusal::new(
            &node.name,
            "k3s-downgrade",
            format!(
                "runs k3s {running}, newer than the {wanted} of the inventory: an older k3s may \
                 not read the datastore of a newer one"
            ),
            format!("set `version` in [k3s] to {running} or newer"),
        )),
        Step::SkipsMinors { .. } => {
            let next = running.minor + 1;
            Some(Refusal::new(
                &node.name,
                "k3s-minors",
                format!(
                    "runs k3s {running}; {wanted} is more than one minor version away, and \
                     Kubernetes' control plane must pass through each"
                ),
                format!("set `version` in [k3s] to a release of v{}.{next} first", running.major),
            ))
        }
    }
}

/// What the API says that runs; while it does not answer, what is installed.
fn running(node: &Node, context: &Context<'_>) -> Option<Version> {
    let told = found(node, context).and_then(|found| Version::parse(&found.version).ok());
    told.or_else(|| Version::from_banner(context.facts.k3s_version.as_ref()?))
}

#[cfg(test)]
mod tests {
    use terrarium_inventory::Inventory;
    use terrarium_k3s::nodes::KubeNode;

    use super::*;
    use crate::fixture::{context, facts, inventory, node};
    use crate::{Cluster, Facts};

    fn refused(name: &str, wanted: &str, facts: &Facts) -> Option<String> {
        let mut all = inventory();
        wanted.clone_into(&mut all.k3s.version);
        let mut refusal = None;
        let gate = |inventory: &Inventory, context: &Context<'_>| {
            gate(&node(name), &Context { inventory, ..*context }).map(|refusal| refusal.id)
        };
        context(facts, |context| refusal = gate(&all, context));
        refusal
    }

    fn running(version: &str) -> Facts {
        let told = KubeNode {
            name: "pi-1".to_owned(),
            version: version.to_owned(),
            ..KubeNode::default()
        };
        let cluster = Cluster { nodes: vec![told], ..Cluster::default() };
        Facts { cluster: Some(cluster), ..facts() }
    }

    #[test]
    fn the_server_goes_up_minor_by_minor_and_never_down() {
        for (now, wanted, expected) in [
            ("v1.34.4+k3s1", "v1.34.4+k3s1", None),
            ("v1.34.4+k3s1", "v1.34.5+k3s1", None),
            ("v1.34.4+k3s1", "v1.35.0+k3s1", None),
            ("v1.34.4+k3s1", "v1.34.3+k3s1", Some("k3s-downgrade")),
            ("v1.34.4+k3s2", "v1.34.4+k3s1", Some("k3s-downgrade")),
            ("v1.35.0+k3s1", "v1.34.9+k3s1", Some("k3s-downgrade")),
            ("v1.34.4+k3s1", "v1.36.0+k3s1", Some("k3s-minors")),
            ("", "v1.34.4+k3s1", None),
        ] {
            assert_eq!(
                refused("pi-1", wanted, &running(now)).as_deref(),
                expected,
                "{now} {wanted}"
            );
        }
    }

    #[test]
    fn while_the_api_is_down_the_installed_binary_counts() {
        let banner = |version: &str| Facts {
            k3s_version: Some(format!("k3s version {version} (abcdef12)")),
            ..facts()
        };
        let newer = banner("v1.35.1+k3s1");
        assert_eq!(refused("pi-1", "v1.34.4+k3s1", &newer).as_deref(), Some("k3s-downgrade"));
        assert_eq!(refused("pi-1", "v1.34.4+k3s1", &banner("v1.34.1+k3s1")), None);
    }

    #[test]
    fn agent_nodes_follow_the_server_even_down() {
        let newer = Facts {
            k3s_version: Some("k3s version v1.35.1+k3s1 (abcdef12)".to_owned()),
            ..facts()
        };
        assert_eq!(refused("pi-2", "v1.34.4+k3s1", &newer), None);
    }
}
