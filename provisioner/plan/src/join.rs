//! How agent nodes join: by a token that is good for joining and nothing else.
//!
//! The server's own token would do too, and k3s takes it unless told otherwise,
//! but whoever has it administers the cluster. So a secret is made on the server,
//! by its kernel, once; k3s makes a token of it when it starts; and agent nodes
//! hold that.

use std::fmt::Write as _;

use terrarium_inventory::{Node, Role};
use terrarium_k3s::sums::Sha256;
use terrarium_k3s::{paths, unit};

use crate::agent::mode_reason;
use crate::planner::{Context, is_server};
use crate::shell::quote;
use crate::{Action, AgentSecret, Barrier, Change, Content, Effect, Facts, Refusal, existing};

/// Files whose digests the planner compares.
pub(crate) fn files(node: &Node) -> Vec<String> {
    let files = if is_server(node) {
        [paths::AGENT_SECRET, paths::SERVER_CA]
    } else {
        [paths::TOKEN, paths::TOKEN_MARK]
    };
    let own = (!is_server(node)).then_some(paths::AGENT_CA);
    files.into_iter().chain(own).map(str::to_owned).collect()
}

/// On the server: the secret is there, and root's alone.
pub(crate) fn secret(node: &Node, context: &Context<'_>) -> Option<Change> {
    if !is_server(node) {
        return None;
    }
    let agents = context.inventory.nodes.iter().any(|node| node.role == Role::Agent);
    let reason = match context.facts.agent_secret? {
        AgentSecret::Missing if agents => {
            "agent nodes would join by the server's own token, an administrator's".to_owned()
        }
        AgentSecret::Missing => format!("{} missing", paths::AGENT_SECRET),
        AgentSecret::Pending | AgentSecret::InForce => open(context.facts)?,
    };
    let title = "make a join token for agent nodes";
    Some(Change::new("k3s.agent-token", title, reason).act(Action::run(make(agents))))
}

/// The secret may be read by others: it has to be another.
fn open(facts: &Facts) -> Option<String> {
    mode_reason(facts, paths::AGENT_SECRET, "0600")
}

/// Makes the secret on the node. Where the cluster is older than it, agent nodes
/// hold the server's own token: which one that was is kept, to be told of until
/// it is changed.
fn make(agents: bool) -> String {
    let mut script = format!(
        "set -e\numask 077\nd={}\nt=\"$d.terrarium-new\"\n(umask 022; mkdir -p \"${{d%/*}}\")\n",
        paths::AGENT_SECRET
    );
    if agents {
        let _ = write!(
            script,
            "o={}\nif [ ! -e \"$d\" ] && [ -s \"$o\" ]; then s=$(sha256sum <\"$o\"); printf '%s\\n' \"${{s%% *}}\" >{}; fi\n",
            paths::SERVER_TOKEN,
            paths::HANDED_OUT
        );
    }
    script.push_str(
        "{ head -c 32 /dev/random | od -An -vtx1 | tr -d ' \\n'; echo; } >\"$t\"\n\
         [ \"$(wc -c <\"$t\")\" -eq 65 ] || { rm -f \"$t\"; echo \"/dev/random gave no 32 bytes\" >&2; exit 65; }\n\
         chmod 0600 \"$t\"\nchown root:root \"$t\"\nsync \"$t\"\nmv -fT \"$t\" \"$d\"\nsync \"${d%/*}\"",
    );
    script
}

/// The server has another secret than k3s was started with, or is about to.
fn remade(server: &Facts) -> bool {
    matches!(server.agent_secret, Some(AgentSecret::Missing | AgentSecret::Pending))
        || open(server).is_some()
}

/// On the server: why it has to be started again for the secret.
pub(crate) fn pending(node: &Node, facts: &Facts) -> Option<String> {
    (is_server(node) && remade(facts))
        .then(|| "runs with an earlier join token for agent nodes".to_owned())
}

/// The token that agent nodes join by, as far as it is known.
enum Wanted<'a> {
    /// Of this digest.
    Known(&'a str),
    /// The server is about to make another.
    Changing,
    /// The server was not seen, or has not started yet.
    Unknown,
}

fn wanted<'a>(context: &Context<'a>) -> Wanted<'a> {
    let Some(server) = context.server else { return Wanted::Unknown };
    match &server.token_sha256 {
        _ if remade(server) => Wanted::Changing,
        Some(digest) => Wanted::Known(digest),
        None => Wanted::Unknown,
    }
}

/// On an agent node: it holds the token, no other copy of one, and beside it the
/// digest that its unit says when it starts.
pub(crate) fn token(node: &Node, context: &Context<'_>) -> Option<Change> {
    if is_server(node) {
        return None;
    }
    let facts = context.facts;
    let reason = match (facts.files.get(paths::TOKEN), wanted(context)) {
        _ if !facts.server_tokens.is_empty() => format!(
            "{} holds the server's own token, an administrator's of the cluster",
            facts.server_tokens.join(", ")
        ),
        (None, _) => "missing".to_owned(),
        (Some(_), Wanted::Changing) => "the server is given another".to_owned(),
        (Some(_), Wanted::Unknown) => "cannot be compared before the server is up".to_owned(),
        (Some(found), Wanted::Known(digest)) if found.sha256 != digest => {
            "differs from the server's".to_owned()
        }
        (Some(_), Wanted::Known(_)) if mode_reason(facts, paths::TOKEN, "0600").is_some() => {
            mode_reason(facts, paths::TOKEN, "0600")?
        }
        (Some(_), Wanted::Known(digest)) => {
            let mark = Sha256::parse(digest).ok().map(|digest| unit::token_mark(&digest))?;
            if crate::agent::same(facts, paths::TOKEN_MARK, &mark) {
                return None;
            }
            format!("{} is not of this token", paths::TOKEN_MARK)
        }
    };
    let write = |path: &str, content| Action::Write {
        path: path.to_owned(),
        mode: Some("0600".to_owned()),
        content,
        backup: false,
        over: None,
    };
    // The token first: a mark of a token that is not there yet would make a start
    // with the old one look like one with the new.
    Some(
        Change::new("k3s.token", "copy the join token for agent nodes", reason)
            .after(Barrier::ServerReady)
            .act(write(paths::TOKEN, Content::JoinToken))
            .act(write(paths::TOKEN_MARK, Content::JoinTokenMark)),
    )
}

/// On an agent node: why k3s has to be started again for the token.
pub(crate) fn stale(node: &Node, context: &Context<'_>) -> Option<String> {
    if is_server(node) {
        return None;
    }
    let running = context.facts.units.get(paths::service(node.role))?;
    let stale = match wanted(context) {
        Wanted::Known(digest) => running.token.as_deref() != Some(digest),
        Wanted::Changing => true,
        Wanted::Unknown => false,
    };
    stale.then(|| "runs with an earlier join token".to_owned())
}

/// On an agent node that has joined another cluster than the server's (its card
/// died, say): what the node keeps of that one would be shown to the new server,
/// which does not know its signer. One that has joined at another address is of
/// another cluster, which is not taken from there without a word.
pub(crate) fn forget(node: &Node, context: &Context<'_>) -> Option<Change> {
    if is_server(node) {
        return None;
    }
    let held = context.facts.files.get(paths::AGENT_CA)?;
    if !node.adopt && existing::other_cluster(node, context).is_some() {
        return None;
    }
    let reason = match context.server?.files.get(paths::SERVER_CA) {
        Some(server) if server.sha256 == held.sha256 => return None,
        Some(_) => "the node has joined under another authority than the server's",
        None => "the node has joined under an authority that the server no longer has",
    };
    let unit = paths::service(node.role);
    let dir = quote(paths::AGENT_DIR);
    let script = format!("systemctl stop {unit}\nrm -f {dir}/*.crt {dir}/*.key {dir}/*.kubeconfig");
    let title = "remove certificates and keys of the cluster the node was in";
    Some(
        Change::new("k3s.forget", title, reason)
            .effect(Effect::Restarts(unit.to_owned()))
            .after(Barrier::ServerReady)
            .act(Action::run(script)),
    )
}

/// What is worth saying about tokens, though nothing is done about it.
pub(crate) fn notes(node: &Node, facts: &Facts) -> Vec<Refusal> {
    let mut notes = Vec::new();
    if facts.handed_out {
        notes.push(Refusal::new(
            &node.name,
            "server-token",
            "its own token, an administrator's of the cluster, is one that every agent node had to \
             hold, before there was one for joining alone",
            "when all nodes have been moved to the token of their own, change it, on this node: \
             `sudo k3s token rotate && sudo systemctl restart k3s`; copies of the datastore from \
             before need the old one",
        ));
    }
    if !facts.foreign_tokens.is_empty() {
        notes.push(Refusal::new(
            &node.name,
            "foreign-token",
            format!(
                "{} sets K3S_TOKEN, which wins over the join token of `provision`",
                facts.foreign_tokens.join(", ")
            ),
            "take the line out: it may be the server's own token, an administrator's",
        ));
    }
    notes
}

#[cfg(test)]
mod tests;
