//! Whether what pods ask for holds.

use std::collections::BTreeMap;

use crate::limit;

use super::{Node, NodeTerm, Operator, Pod, PodTerm, Requirement, Selector, Taint, Toleration};

impl Requirement {
    /// Whether these labels meet it.
    pub fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
        let found = labels.get(&self.key);
        let among = || found.is_some_and(|value| self.values.contains(value));
        match self.operator {
            Operator::In => among(),
            Operator::NotIn => !among(),
            Operator::Exists => found.is_some(),
            Operator::DoesNotExist => found.is_none(),
            Operator::Gt | Operator::Lt => {
                let numbers = found.zip(self.values.first()).and_then(|(found, bound)| {
                    Some((found.parse::<i64>().ok()?, bound.parse::<i64>().ok()?))
                });
                numbers.is_some_and(|(found, bound)| match self.operator {
                    Operator::Gt => found > bound,
                    _ => found < bound,
                })
            }
        }
    }
}

/// Whether a selector means a pod with these labels.
pub fn selects(selector: &Selector, labels: &BTreeMap<String, String>) -> bool {
    selector.as_ref().is_some_and(|all| all.iter().all(|one| one.holds(labels)))
}

impl PodTerm {
    /// Whether it means that pod.
    pub fn means(&self, pod: &Pod) -> bool {
        limit::check();
        (self.namespaces.contains(&pod.namespace)
            || selects(&self.namespace_selector, &pod.namespace_labels))
            && selects(&self.selector, &pod.labels)
    }
}

impl NodeTerm {
    /// Whether it holds for that node.
    pub fn holds(&self, node: &Node) -> bool {
        limit::check();
        let fields = || BTreeMap::from([("metadata.name".to_owned(), node.name.clone())]);
        !(self.labels.is_empty() && self.fields.is_empty())
            && self.labels.iter().all(|one| one.holds(&node.labels))
            && (self.fields.is_empty() || {
                let fields = fields();
                self.fields.iter().all(|one| one.holds(&fields))
            })
    }
}

impl Toleration {
    /// Whether it tolerates that taint.
    pub fn tolerates(&self, taint: &Taint) -> bool {
        limit::check();
        self.effect.is_none_or(|effect| effect == taint.effect)
            && self.key.as_ref().is_none_or(|key| *key == taint.key)
            && self.value.as_ref().is_none_or(|value| *value == taint.value)
    }
}
