//! The namespace of the stack: made before the first release, and closed to pods
//! that ask for more than any service of ours does.
//!
//! Kubernetes' own admission holds pods against the standard that the namespace
//! names by its labels. The version of what is enforced is that of the Kubernetes
//! the charts are tested with: a later k3s may know more to refuse, and must not
//! keep pods that ran until then from coming up again. What it would refuse it
//! says (`warn`, `audit`).

use std::collections::BTreeMap;

use terrarium_inventory::{Node, Stack};
use terrarium_k3s::paths;

use crate::planner::{Context, is_server};
use crate::{Action, Change, Refusal};

/// The namespace of everything that is deployed.
pub const NAMESPACE: &str = "terrarium";

/// The labels it has.
const LABELS: [(&str, &str); 6] = [
    ("pod-security.kubernetes.io/audit", "restricted"),
    ("pod-security.kubernetes.io/audit-version", "latest"),
    ("pod-security.kubernetes.io/enforce", "restricted"),
    ("pod-security.kubernetes.io/enforce-version", "v1.36"),
    ("pod-security.kubernetes.io/warn", "restricted"),
    ("pod-security.kubernetes.io/warn-version", "latest"),
];

pub(crate) fn plan(node: &Node, context: &Context<'_>) -> Option<Change> {
    if !is_server(node) {
        return None;
    }
    let cluster = context.facts.cluster.as_ref();
    let reason = match cluster.and_then(|cluster| cluster.namespace.as_ref()) {
        Some(labels) => {
            let differing: Vec<String> = LABELS
                .iter()
                .filter(|(key, value)| labels.get(*key).map(String::as_str) != Some(*value))
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            if differing.is_empty() {
                return None;
            }
            format!("{} not set", differing.join(", "))
        }
        // Without services there is nothing to keep in it.
        None if deploys_nothing(&context.inventory.stack) => return None,
        None => "missing".to_owned(),
    };
    let title = format!("let only restricted pods into the namespace {NAMESPACE}");
    Some(
        Change::new("k3s.namespace", title, reason)
            .act(Action::Run { script: apply(), deadline: 60 }),
    )
}

/// Nothing can be made in a namespace that is being deleted, and it does not go as
/// long as something in it is held.
pub(crate) fn refusal(node: &Node, context: &Context<'_>) -> Option<Refusal> {
    let why = context.facts.cluster.as_ref()?.namespace_ends.as_deref()?;
    if !is_server(node) || deploys_nothing(&context.inventory.stack) {
        return None;
    }
    let why = Some(why.trim()).filter(|why| !why.is_empty());
    Some(Refusal::new(
        &node.name,
        "namespace-ends",
        format!(
            "has a namespace `{NAMESPACE}` that is being deleted: {}",
            why.unwrap_or("Kubernetes has not said yet what holds it")
        ),
        format!(
            "once it is gone, run `provision` again: everything is installed again. What holds it \
             has a finalizer: `kubectl api-resources --verbs=list --namespaced -o name | xargs -n 1 \
             kubectl get --namespace {NAMESPACE} --ignore-not-found --show-kind` lists what is left; \
             its owner, or who takes the finalizer out of it, lets it go"
        ),
    ))
}

pub(crate) fn deploys_nothing(stack: &Stack) -> bool {
    stack.profile.is_none() && stack.services.is_empty()
}

/// Made or labelled, whichever is needed; other labels are left.
fn apply() -> String {
    let labels: BTreeMap<&str, &str> = LABELS.into();
    let namespace = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": { "name": NAMESPACE, "labels": labels },
    });
    format!(
        "printf %s '{namespace}' | {} kubectl apply --server-side --force-conflicts \
         --field-manager=provision --filename=- >/dev/null",
        paths::BINARY
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{context, facts, inventory, node};
    use crate::{Cluster, Facts};

    fn planned(
        name: &str,
        profile: Option<&str>,
        labels: Option<&[(&str, &str)]>,
    ) -> Option<Change> {
        let namespace = labels.map(|labels| {
            labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        });
        let facts = Facts { cluster: Some(Cluster { namespace, ..Cluster::default() }), ..facts() };
        let mut inventory = inventory();
        inventory.stack.profile = profile.map(str::to_owned);
        let mut change = None;
        context(&facts, |context| {
            change = plan(&node(name), &Context { inventory: &inventory, ..*context });
        });
        change
    }

    #[test]
    fn it_is_made_by_the_server_when_something_is_to_be_deployed() {
        assert_eq!(planned("pi-1", None, None), None);
        assert_eq!(planned("pi-2", Some("core"), None), None);
        let change = planned("pi-1", Some("core"), None).unwrap();
        assert_eq!((change.id.as_str(), change.reason.as_str()), ("k3s.namespace", "missing"));
        let [Action::Run { script, .. }] = &change.actions[..] else { panic!("{change:?}") };
        assert!(
            script.contains(r#""pod-security.kubernetes.io/enforce":"restricted""#),
            "{script}"
        );
        assert!(!script.contains('\n'), "{script}");
    }

    #[test]
    fn one_without_its_labels_gets_them_and_one_with_more_keeps_those() {
        for profile in [None, Some("core")] {
            let change = planned("pi-1", profile, Some(&[])).unwrap();
            assert!(change.reason.contains("pod-security.kubernetes.io/enforce=restricted"));
            let all = [&LABELS[..], &[("kubernetes.io/metadata.name", NAMESPACE)]].concat();
            assert_eq!(planned("pi-1", profile, Some(&all)), None);
            for (place, (key, _)) in LABELS.iter().enumerate() {
                let mut changed = all.clone();
                changed[place] = (*key, "privileged");
                let change = planned("pi-1", profile, Some(&changed)).unwrap();
                assert_eq!(change.reason, format!("{key}={} not set", LABELS[place].1));
                changed.remove(place);
                assert!(planned("pi-1", profile, Some(&changed)).is_some(), "{key}");
            }
        }
    }

    #[test]
    fn nothing_is_deployed_into_a_namespace_that_is_being_deleted() {
        let refused = |name: &str, profile: Option<&str>, ends: Option<&str>| {
            let namespace_ends = ends.map(str::to_owned);
            let cluster = Cluster { namespace_ends, ..Cluster::default() };
            let facts = Facts { cluster: Some(cluster), ..facts() };
            let mut inventory = inventory();
            inventory.stack.profile = profile.map(str::to_owned);
            let mut refused = None;
            context(&facts, |context| {
                refused = refusal(&node(name), &Context { inventory: &inventory, ..*context });
            });
            refused.map(|refusal| refusal.what)
        };
        let said = "Some content in the namespace has finalizers remaining: a.io/b in 1 resource instances ";
        let what = refused("pi-1", Some("core"), Some(said)).unwrap();
        assert!(what.ends_with("deleted: Some content in the namespace has finalizers remaining: a.io/b in 1 resource instances"), "{what}");
        assert!(refused("pi-1", Some("core"), Some("  ")).unwrap().contains("not said yet"));
        assert_eq!(refused("pi-1", None, Some(said)), None);
        assert_eq!(refused("pi-2", Some("core"), Some(said)), None);
        assert_eq!(refused("pi-1", Some("core"), None), None);
    }

    /// A later default must be looked at before it is enforced.
    #[test]
    fn what_is_enforced_is_of_the_version_that_is_tested() {
        let (_, version) = LABELS[3];
        let default = terrarium_inventory::DEFAULT_K3S_VERSION;
        assert!(default.starts_with(&format!("{version}.")), "{default}");
    }
}
