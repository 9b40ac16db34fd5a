//! Which of the inventory's nodes a command is about, as `--without-node` and
//! `--only` say.

use std::collections::BTreeSet;

use terrarium_inventory::{Inventory, Node};
use terrarium_plan::{Plan, Refusal};

use crate::cli::Selection;
use crate::error::{Code, Failure};

/// The nodes that are looked at, and those of them that may be changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scope {
    /// Not connected to.
    left_out: BTreeSet<String>,
    /// Looked at for the sake of others: the server, where only others are wanted.
    looked_at: BTreeSet<String>,
    /// Whether only some nodes are wanted, and with them nothing of the stack.
    only: bool,
}

impl Scope {
    /// What was selected, of nodes that are there.
    pub(super) fn of(selection: &Selection, inventory: &Inventory) -> Result<Self, Failure> {
        let named = |names: &[String]| -> Result<BTreeSet<String>, Failure> {
            names.iter().map(|name| Ok(find(name, inventory)?.name.clone())).collect()
        };
        let server = &inventory.server().name;
        let without = named(&selection.without_node)?;
        if without.contains(server) {
            let what = format!("`{server}` is the server, and nothing can be done without it");
            let hint = "bring it back first; `--only` works on other nodes while it is up";
            return Err(Failure::plain(Code::Usage, what).hint(Some(hint.to_owned())));
        }
        let only = named(&selection.only)?;
        if only.is_empty() {
            return Ok(Self { left_out: without, ..Self::default() });
        }
        let others = inventory.nodes.iter().map(|node| &node.name);
        let others = others.filter(|name| !only.contains(*name)).cloned();
        let (looked_at, left_out) = others.partition(|name| name == server);
        Ok(Self { left_out, looked_at, only: true })
    }

    /// Whether the node is connected to.
    pub(super) fn reaches(&self, node: &str) -> bool {
        !self.left_out.contains(node)
    }

    /// Whether the node may be changed.
    pub(super) fn changes(&self, node: &str) -> bool {
        self.reaches(node) && !self.looked_at.contains(node)
    }

    /// Whether the stack is a part of it.
    pub(super) fn deploys(&self) -> bool {
        !self.only
    }

    /// Takes out of a plan what is not to be done, and says which nodes were left out.
    pub(super) fn narrow(&self, plan: &mut Plan) {
        for (node, changes) in &mut plan.nodes {
            if !self.changes(node) {
                changes.clear();
            }
        }
        if self.only {
            plan.stack.clear();
            let concerns = |refusal: &Refusal| {
                refusal.node.as_deref().is_some_and(|node| {
                    // Nobody is made to join what is somebody else's.
                    let joins = self.looked_at.contains(node) && refusal.is_of_owner();
                    plan.nodes.contains_key(node) && (self.changes(node) || joins)
                })
            };
            plan.refusals.retain(concerns);
            plan.notes.retain(concerns);
            return;
        }
        plan.notes.extend(self.left_out.iter().map(|node| {
            Refusal::new(
                node,
                "left-out",
                "is left out of this run by `--without-node`, and nothing was looked at there"
                    .to_owned(),
                "run it without the option when the node is back: what is due there is done then",
            )
        }));
    }
}

/// The node of the inventory that has this name.
pub(super) fn find<'a>(name: &str, inventory: &'a Inventory) -> Result<&'a Node, Failure> {
    inventory.node(name).ok_or_else(|| {
        let known: Vec<&str> = inventory.nodes.iter().map(|node| node.name.as_str()).collect();
        Failure::plain(Code::Usage, format!("no node `{name}` in the inventory"))
            .hint(Some(format!("its nodes are {}", known.join(", "))))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn inventory() -> Inventory {
        let node = |n: u8| format!("[[node]]\nname = 'pi-{n}'\nhost = '10.0.0.{n}'\n");
        let text: String = (1..=3).map(node).collect();
        Inventory::parse(Path::new("pis.toml"), &text, Some(Path::new("/home/me"))).unwrap()
    }

    fn scope(without: &[&str], only: &[&str]) -> Result<Scope, Failure> {
        let words = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let selection = Selection { without_node: words(without), only: words(only) };
        Scope::of(&selection, &inventory())
    }

    fn reached(scope: &Scope) -> Vec<(bool, bool)> {
        ["pi-1", "pi-2", "pi-3"].map(|node| (scope.reaches(node), scope.changes(node))).to_vec()
    }

    #[test]
    fn without_a_word_all_nodes_are_meant() {
        let all = scope(&[], &[]).unwrap();
        assert_eq!(reached(&all), [(true, true); 3]);
        assert!(all.deploys());
    }

    #[test]
    fn a_node_left_out_is_not_reached_and_the_stack_goes_on() {
        let two = scope(&["pi-3"], &[]).unwrap();
        assert_eq!(reached(&two), [(true, true), (true, true), (false, false)]);
        assert!(two.deploys());
        let mut plan = Plan::default();
        two.narrow(&mut plan);
        assert_eq!(plan.notes[0].node.as_deref(), Some("pi-3"));
    }

    #[test]
    fn for_one_node_alone_the_server_is_looked_at_and_nothing_is_deployed() {
        let one = scope(&[], &["pi-2"]).unwrap();
        assert_eq!(reached(&one), [(true, false), (true, true), (false, false)]);
        assert!(!one.deploys());
        let server = scope(&[], &["pi-1"]).unwrap();
        assert_eq!(reached(&server), [(true, true), (false, false), (false, false)]);
    }

    #[test]
    fn a_name_nobody_has_and_a_run_without_its_server_are_usage_errors() {
        for (without, only, says) in [
            (&["pi-9"][..], &[][..], "no node `pi-9` in the inventory"),
            (&[], &["pi-9"], "no node `pi-9` in the inventory"),
            (&["pi-1"], &[], "`pi-1` is the server"),
        ] {
            let failure = scope(without, only).unwrap_err();
            assert_eq!(failure.code, Code::Usage);
            assert!(failure.what.contains(says) && failure.hint.is_some(), "{}", failure.line());
        }
    }
}
