//! What `[stack]` says and cannot be, with its place in the inventory.

use serde_json::Value;
use terrarium_helm::catalogue::Catalogue;
use terrarium_helm::schema::{self, Part};
use terrarium_helm::select::{SelectError, Unknown};
use terrarium_inventory::{Inventory, Step, Wrong};

use crate::error::{Code, Failure};

/// A selection that cannot be, as the inventory's problem where it is one.
pub(super) fn selection(error: &SelectError, inventory: &Inventory) -> Failure {
    let stack = &inventory.stack;
    let at = |list: &[String], name: &str| list.iter().position(|own| own == name).unwrap_or(0);
    let mut found = match error {
        SelectError::Unknown(all) => all
            .iter()
            .map(|unknown| match unknown {
                Unknown::Profile { name, advice } => {
                    no_such(vec!["profile".into()], "profile", name, advice)
                }
                Unknown::Service { name, advice } => {
                    let item = Step::Item(at(&stack.services, name));
                    no_such(vec!["services".into(), item], "service", name, advice)
                }
                Unknown::Without { name, advice } => {
                    let item = Step::Item(at(&stack.without, name));
                    no_such(vec!["without".into(), item], "service", name, advice)
                }
                Unknown::Values { name, advice } => {
                    let path = vec!["values".into(), name.as_str().into()];
                    Wrong { key: true, ..no_such(path, "service", name, advice) }
                }
            })
            .collect(),
        SelectError::Needed { service, needed_by } => {
            let item = Step::Item(at(&stack.without, service.as_str()));
            let names: Vec<String> = needed_by.iter().map(ToString::to_string).collect();
            let mut without = stack.without.clone();
            without.extend(names.iter().cloned());
            let needs = if names.len() == 1 { "needs" } else { "need" };
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            vec![Wrong {
                help: format!(
                    "take it out of `without`, or leave out what needs it as well: `without = {}`",
                    Value::from(without)
                ),
                why: format!("{} {needs} it", names.join(", ")),
                message: format!("`{service}` cannot be left out"),
                ..blank(vec!["without".into(), item])
            }]
        }
        SelectError::Circle(_) => Vec::new(),
    };
    if found.is_empty() {
        let what = format!("invalid inventory `{}`: [stack]", inventory.path.display());
        return Failure::new(Code::Usage, what, error);
    }
    let first = found.remove(0);
    Failure::inventory(&inventory.path, inventory.written.problems(first, found))
}

/// Values that the charts refuse: the inventory's mistake, and told before any node
/// is asked.
pub(super) fn values(catalogue: &Catalogue, inventory: &Inventory) -> Option<Failure> {
    let mut found = Vec::new();
    for (service, values) in &inventory.stack.values {
        let Some(known) = catalogue.get(service) else { continue };
        let written = serde_json::to_value(values).unwrap_or_default();
        for refused in schema::refused(&known.chart, &written) {
            let mut path: Vec<Step> = vec!["values".into(), service.as_str().into()];
            path.extend(refused.path.iter().map(|part| match part {
                Part::Key(key) => Step::Key(key.clone()),
                Part::Item(index) => Step::Item(*index),
            }));
            found.push(Wrong {
                key: refused.key,
                message: format!("`{}` of `{service}` {}", refused.name(), refused.what),
                why: "refused by the chart".to_owned(),
                help: refused.hint,
                ..blank(path)
            });
        }
    }
    (!found.is_empty()).then(|| {
        let first = found.remove(0);
        Failure::inventory(&inventory.path, inventory.written.problems(first, found))
    })
}

fn no_such(path: Vec<Step>, what: &str, name: &str, advice: &str) -> Wrong {
    Wrong {
        message: format!("no {what} is called `{name}`"),
        why: "not in this version".to_owned(),
        help: advice.to_owned(),
        ..blank(path)
    }
}

/// At this place under `[stack]`.
pub(super) fn blank(mut path: Vec<Step>) -> Wrong {
    path.insert(0, "stack".into());
    Wrong {
        code: "inventory::stack",
        path,
        key: false,
        message: String::new(),
        why: String::new(),
        help: String::new(),
    }
}
