//! `/etc/hosts` knows every node of the inventory, so that the cluster's
//! names resolve without a DNS server of the user's own. Only a marked block
//! is ours; the rest of the file stays as it is, byte for byte, except that the
//! distribution's `127.0.1.1 <old name>` line follows the host name (sudo looks it up).

mod file;

use std::net::IpAddr;

use file::File;
pub(crate) use file::known;
use terrarium_inventory::Node;

use crate::bytes::{line, lines};
use crate::planner::Context;
use crate::{Action, Change, Edit, Facts, Refusal};

const PATH: &str = "/etc/hosts";

pub(crate) fn plan(node: &Node, context: &Context<'_>) -> Option<Change> {
    let facts = context.facts;
    let found = &facts.hosts;
    let file = File::read(&found.0);
    let (wanted, edits) = wanted(&file, &node.name, &former(facts), context.addresses);
    if found.0 == wanted {
        return None;
    }
    let reason = if file.marked() {
        "its block of cluster nodes differs from the inventory"
    } else {
        "it does not name the cluster's nodes"
    };
    let mut change = Change::new("hosts", "name the cluster's nodes in /etc/hosts", reason);
    change.edits = edits;
    Some(change.act(Action::edit(PATH, found, wanted, !file.marked())))
}

/// Names the node goes by, or went by until now.
fn former(facts: &Facts) -> Vec<&str> {
    let names = [Some(facts.hostname.as_str()), facts.static_hostname.as_deref()];
    names.into_iter().flatten().filter(|name| !name.is_empty() && *name != "localhost").collect()
}

fn wanted(
    file: &File<'_>,
    name: &str,
    former: &[&str],
    addresses: &[(String, String)],
) -> (Vec<u8>, Vec<Edit>) {
    let mut theirs: Vec<Vec<u8>> = file.theirs.iter().map(|(_, line)| line.to_vec()).collect();
    let own = |line: &Vec<u8>| names_host(line, name);
    let mut edits = Vec::new();
    let lines_of_host = || {
        (0..file.theirs.len()).filter(|at| file::address(file.theirs[*at].1) == Some(b"127.0.1.1"))
    };
    if !lines_of_host().any(|at| own(&theirs[at])) {
        for at in lines_of_host() {
            theirs[at] = renamed(&theirs[at], name, former);
        }
        // None of them has a name of this node: it is put before the others.
        if let Some(at) =
            lines_of_host().next().filter(|_| !lines_of_host().any(|at| own(&theirs[at])))
        {
            theirs[at] = file::with_first(&theirs[at], name);
        }
    }
    for ((number, before), after) in file.theirs.iter().zip(&theirs) {
        if before != after {
            let text = |bytes| String::from_utf8_lossy(line(bytes)).into_owned();
            let (before, after) = (text(before), text(after));
            edits.push(Edit { path: PATH.to_owned(), line: *number, before, after });
        }
    }
    (file.with(&theirs, addresses), edits)
}

fn names_host(line: &[u8], name: &str) -> bool {
    file::names(line).any(|range| line[range].eq_ignore_ascii_case(name.as_bytes()))
}

/// The line with the node's name for each former one, alone or before a domain.
fn renamed(line: &[u8], name: &str, former: &[&str]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut at = 0;
    for range in file::names(line) {
        let word = &line[range.clone()];
        let old = former.iter().find_map(|old| {
            let (head, tail) = word.split_at_checked(old.len())?;
            let whole = tail.is_empty() || tail.starts_with(b".");
            (whole && head.eq_ignore_ascii_case(old.as_bytes())).then_some(old.len())
        });
        if let Some(length) = old {
            text.extend(&line[at..range.start]);
            text.extend(name.as_bytes());
            at = range.start + length;
        }
    }
    text.extend(&line[at..]);
    text
}

/// Lines of others that say that a node is somewhere else than where it is.
pub(crate) fn notes(node: &Node, context: &Context<'_>) -> Vec<Refusal> {
    let file = File::read(&context.facts.hosts.0);
    let mut notes = Vec::new();
    for (number, line) in &file.theirs {
        let Some(said) = file::address(line).and_then(file::ip) else { continue };
        for range in file::names(line) {
            let word = String::from_utf8_lossy(&line[range]).into_owned();
            let of = |(name, address): &&(String, String)| {
                name.eq_ignore_ascii_case(&word) && address.parse::<IpAddr>().is_ok()
            };
            let Some((name, address)) = context.addresses.iter().find(of) else { continue };
            let own = *name == node.name
                && (said.is_loopback()
                    || context.facts.interfaces.iter().any(|interface| interface.address == said));
            let other = address.parse().is_ok_and(|address: IpAddr| {
                address != said && address.is_ipv4() == said.is_ipv4() || said.is_loopback()
            });
            if !own && other {
                notes.push(Refusal::new(
                    &node.name,
                    "hosts",
                    format!("line {number} of {PATH} says that {name} is at {said}; it is at {address}"),
                    format!("take {name} out of that line (`sudoedit {PATH}`): of two lines the first counts"),
                ));
            }
        }
    }
    notes
}

/// The lines of a file, numbered from 1, their ends included.
fn numbered(file: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    (1..).zip(lines(file))
}

#[cfg(test)]
mod tests;
