//! A plan, for people.

use std::fmt::Write as _;

use terrarium_plan::{Edit, Effect, Plan, Replaced};

use super::terminal::{count, wrapped};
use crate::command::prepare::Unseen;

/// A plan, node by node. `unseen` of the `nodes` did not answer.
pub(crate) fn plan(plan: &Plan, unseen: &[Unseen], nodes: usize) -> String {
    let mut text = String::new();
    for (kind, remarks) in [("refused", &plan.refusals), ("note", &plan.notes)] {
        for remark in remarks {
            let node = remark.node.as_deref().unwrap_or("cluster");
            text.push_str(&entry(
                &format!("{kind:<9}"),
                &format!("{node}: {}", remark.what),
                &remark.hint,
            ));
        }
    }
    for (node, changes) in plan.nodes.iter().filter(|(_, changes)| !changes.is_empty()) {
        let _ = writeln!(text, "{node}");
        for change in changes {
            let effect = match &change.effect {
                Effect::None => String::new(),
                Effect::Restarts(unit) => format!(" [restarts {unit}]"),
                Effect::Reboots => " [needs a restart of the node]".to_owned(),
            };
            let title = format!("{}{effect}", change.title);
            text.push_str(&entry(
                &format!("  {:<14} ", change.id),
                &title,
                &format!("because: {}", change.reason),
            ));
            text.extend(change.edits.iter().map(edit));
            text.extend(change.replaces.iter().map(replaced));
        }
    }
    if !plan.stack.is_empty() {
        let _ = writeln!(text, "stack");
        for change in &plan.stack {
            let title = format!("{} (wave {})", change.kind, change.wave);
            text.push_str(&entry(
                &format!("  {:<14} ", change.service),
                &title,
                &format!("because: {}", change.reason),
            ));
        }
    }
    text + &verdict(plan, unseen, nodes)
}

/// A file that is written anew. Its lines are not wrapped: nobody could tell that from
/// lines of its own.
fn replaced(replaced: &Replaced) -> String {
    let indent = " ".repeat(17);
    let mut text = format!("{indent}{}, of which a copy is kept:\n", replaced.path);
    for line in &replaced.lines {
        let _ = writeln!(text, "{indent}{line}");
    }
    text
}

/// A line of a file that becomes another.
fn edit(edit: &Edit) -> String {
    let indent = " ".repeat(17);
    let of = |sign: char, text: &str| wrapped(&format!("{indent}{sign} "), text);
    format!(
        "{}\n{}\n{}\n",
        wrapped(&indent, &format!("line {} of {}:", edit.line, edit.path)),
        of('-', &edit.before),
        of('+', &edit.after)
    )
}

fn verdict(plan: &Plan, unseen: &[Unseen], nodes: usize) -> String {
    let names: Vec<&str> = unseen.iter().map(|unseen| unseen.node.as_str()).collect();
    let names = names.join(", ");
    if !unseen.is_empty() && unseen.len() == nodes {
        return format!(
            "No node answered: {names}. Nothing is known of them, and nothing has been touched.\n"
        );
    }
    let (changes, refusals) = (plan.len(), plan.refusals.len());
    let what = match (changes, refusals) {
        (_, 1..) => format!("Refused for {}.", count(refusals, "reason")),
        (0, 0) if unseen.is_empty() => {
            return "Nothing to do: everything is as the inventory wishes.\n".to_owned();
        }
        (0, 0) => "Nothing to do on the nodes that answered.".to_owned(),
        _ => format!("{}.", count(changes, "change")),
    };
    let unseen =
        if unseen.is_empty() { String::new() } else { format!(" Not looked at: {names}.") };
    format!("{what}{unseen} Nothing has been touched.\n")
}

/// A head and a tail under one label, both wrapped and indented behind it.
fn entry(label: &str, head: &str, tail: &str) -> String {
    let indent = " ".repeat(label.len());
    format!("{}\n{}\n", wrapped(label, head), wrapped(&indent, tail))
}

#[cfg(test)]
mod tests {
    use terrarium_plan::{Change, Refusal};

    use super::*;
    use crate::report::look::WIDTH;

    fn example() -> Plan {
        let long = "vm.max_map_count is 65530, wanted 262144; fs.inotify.max_user_instances is 128, wanted 512";
        let change = Change::new(
            "boot.cmdline",
            "add cgroup_enable=memory psi=1 to /boot/firmware/cmdline.txt",
            long,
        );
        Plan {
            nodes: [("pi-1".to_owned(), vec![change.effect(Effect::Reboots)])].into(),
            ..Plan::default()
        }
    }

    #[test]
    fn a_plan_fits_eighty_columns() {
        let text = plan(&example(), &[], 3);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.ends_with("1 change. Nothing has been touched.\n"), "{text}");
    }

    #[test]
    fn a_line_that_becomes_another_is_shown_before_and_after() {
        let mut plan = example();
        for change in plan.nodes.values_mut().flatten() {
            change.edits.push(Edit {
                path: "/boot/firmware/cmdline.txt".to_owned(),
                line: 1,
                before: "root=x".to_owned(),
                after: "root=x psi=1".to_owned(),
            });
        }
        let text = super::plan(&plan, &[], 1);
        let lines = ["line 1 of /boot/firmware/cmdline.txt:", "- root=x", "+ root=x psi=1"];
        let indent = " ".repeat(17);
        assert!(text.contains(&lines.join(&format!("\n{indent}"))), "{text}");
    }

    #[test]
    fn nodes_that_did_not_answer_are_never_called_as_wished() {
        assert!(plan(&Plan::default(), &[], 3).starts_with("Nothing to do: everything"));
        let unseen = ["pi-2", "pi-3"]
            .map(|node| Unseen { node: node.to_owned(), reason: "it is away".to_owned() });
        let all = plan(&Plan::default(), &unseen, 2);
        assert!(
            all.starts_with("No node answered: pi-2, pi-3.") && !all.contains("to do"),
            "{all}"
        );
        let text = plan(&Plan::default(), &unseen, 3);
        assert!(
            text.contains("Not looked at: pi-2, pi-3.") && !text.contains("everything"),
            "{text}"
        );
    }

    #[test]
    fn a_refusal_comes_first_and_decides_the_verdict() {
        let mut refused = example();
        refused.refusals.push(Refusal::new(
            "pi-1",
            "architecture",
            "runs a 32-bit userland",
            "flash the 64-bit image",
        ));
        let text = plan(&refused, &[], 3);
        assert!(text.starts_with("refused  pi-1: runs"), "{text}");
        assert!(text.ends_with("Refused for 1 reason. Nothing has been touched.\n"), "{text}");
    }
}
