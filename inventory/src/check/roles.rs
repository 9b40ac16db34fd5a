//! Who is the server.

use std::ops::Range;

use crate::model::Role;
use crate::problem::Problem;

/// The nodes' roles, given those written and where.
///
/// When nobody is written as the server, the first node without a role becomes
/// it; every other node without a role is an agent node.
pub(crate) fn assign(written: &[Option<Role>]) -> Vec<Role> {
    let chosen = if written.contains(&Some(Role::Server)) {
        None
    } else {
        written.iter().position(Option::is_none)
    };
    written
        .iter()
        .enumerate()
        .map(|(index, role)| match role {
            Some(role) => *role,
            None if Some(index) == chosen => Role::Server,
            None => Role::Agent,
        })
        .collect()
}

/// What is wrong with the cluster's servers. `roles` are those of
/// [`assign`], each with the place to point at: the role, or else the node.
pub(crate) fn fault(roles: &[(Role, Range<usize>)]) -> Option<Problem> {
    let servers: Vec<&Range<usize>> =
        roles.iter().filter(|(role, _)| *role == Role::Server).map(|(_, span)| span).collect();
    match (servers.as_slice(), roles) {
        ([], [(_, first), ..]) => Some(
            Problem::new("inventory::no-server", "no node is the server: all are agent nodes")
                .at(first.clone(), "a cluster needs one server")
                .help("write `role = \"server\"` at one node, or leave the roles out"),
        ),
        ([] | [_], _) => None,
        (several, _) => Some(too_many(several)),
    }
}

fn too_many(servers: &[&Range<usize>]) -> Problem {
    let count = servers.len();
    let (message, help) = if count.is_multiple_of(2) {
        (
            format!("{count} servers cannot form a cluster that survives a loss"),
            format!(
                "servers agree by majority (etcd's quorum): of {count}, {} must be up, so {count} \
                 tolerate no more failures than {}; keep one server and write `role = \"agent\"` at \
                 the rest",
                count / 2 + 1,
                count - 1,
            ),
        )
    } else {
        (
            format!("{count} servers are not supported yet"),
            "this version runs one server, with SQLite as its datastore; keep one and write `role \
             = \"agent\"` at the rest"
                .to_owned(),
        )
    };
    servers
        .iter()
        .enumerate()
        .fold(Problem::new("inventory::servers", message), |problem, (index, span)| {
            problem.at((*span).clone(), format!("server {}", index + 1))
        })
        .help(help)
}

#[cfg(test)]
mod tests {
    use super::{assign, fault};
    use crate::model::Role::{self, Agent, Server};

    #[test]
    fn roles_not_written_are_assigned() {
        for (written, roles) in [
            (vec![None], vec![Server]),
            (vec![None, None, None], vec![Server, Agent, Agent]),
            (vec![None, Some(Server), None], vec![Agent, Server, Agent]),
            (vec![Some(Agent), None, None], vec![Agent, Server, Agent]),
            (vec![Some(Agent)], vec![Agent]),
            (vec![], vec![]),
        ] {
            assert_eq!(assign(&written), roles, "{written:?}");
        }
    }

    #[test]
    fn one_server_and_no_other_number() {
        let of = |roles: &[Role]| {
            let placed: Vec<_> = roles.iter().map(|role| (*role, 0..1)).collect();
            fault(&placed).map(|problem| problem.to_string())
        };
        assert_eq!(of(&[Server]), None);
        assert_eq!(of(&[Agent, Server, Agent]), None);
        for (roles, says) in [
            (vec![Agent, Agent], "no node is the server"),
            (vec![Server; 2], "2 servers cannot"),
            (vec![Server; 3], "3 servers are not supported yet"),
            (vec![Server; 4], "4 servers cannot"),
            (vec![Server; 5], "5 servers are not supported yet"),
        ] {
            let message = of(&roles).unwrap();
            assert!(message.starts_with(says), "{roles:?}: {message}");
        }
    }
}
