//! Whose cluster a node is of.

use terrarium_inventory::Node;
use terrarium_k3s::{paths, told};

use crate::Refusal;
use crate::planner::{Context, is_server};

/// A node that is ours, as far as its files say, and belongs elsewhere.
pub(super) fn refusals(node: &Node, context: &Context<'_>) -> Option<Refusal> {
    if let Some(url) = other_cluster(node, context) {
        let server = context.inventory.server();
        return Some(Refusal::new(
            &node.name,
            "other-cluster",
            format!(
                "belongs to the cluster at {url}, which is not that of the server, {} at {}",
                server.name,
                context.address(server)
            ),
            "take it out of this inventory, or out of the other cluster; `adopt = true` in its \
             [[node]] takes it from there (also when that is where this server was before)",
        ));
    }
    let own = &context.inventory.cluster.name;
    let noted = context.facts.existing.cluster.as_ref().filter(|noted| *noted != own)?;
    if !is_server(node) && of_server(node, context) && goes_along(context) {
        return None;
    }
    Some(Refusal::new(
        &node.name,
        "other-inventory",
        format!(
            "belongs to the cluster `{noted}`, and this inventory is of `{own}` ({})",
            paths::CLUSTER_MARK
        ),
        format!(
            "use the inventory of `{noted}`; or, if it is the same cluster by another name, write \
             `adopt = true` into its [[node]], or `name = \"{noted}\"` into [cluster]"
        ),
    ))
}

/// Whether the server is of this inventory, or is made so: its agent nodes go with it.
fn goes_along(context: &Context<'_>) -> bool {
    let own = context.inventory.cluster.name.as_str();
    let server = context.server.and_then(|facts| facts.existing.cluster.as_deref());
    context.inventory.server().adopt || server == Some(own)
}

/// The address of the cluster that an agent node has joined, when it is another than
/// the server's.
pub(crate) fn other_cluster(node: &Node, context: &Context<'_>) -> Option<String> {
    if is_server(node) || of_server(node, context) {
        return None;
    }
    // Without the authority of one it is in no cluster.
    context.facts.files.get(paths::AGENT_CA)?;
    context.server?;
    joined(context)
}

fn joined(context: &Context<'_>) -> Option<String> {
    context.facts.existing.options().get("server")?.last().cloned()
}

/// Whether an agent node has joined the server of this inventory: by its authority,
/// wherever it was, or by where it is, whatever it is now.
fn of_server(node: &Node, context: &Context<'_>) -> bool {
    let held = context.facts.files.get(paths::AGENT_CA).map(|file| &file.sha256);
    let server = context.server.and_then(|facts| facts.files.get(paths::SERVER_CA));
    if held.is_some() && held == server.map(|file| &file.sha256) {
        return true;
    }
    let Some(url) = joined(context) else { return false };
    let (host, own) = (told::host(&url), context.inventory.server());
    let named = [&own.host, &own.alias, &own.name, &context.address(own)];
    let has = context.server.is_some_and(|facts| {
        facts.interfaces.iter().any(|interface| interface.address.to_string() == host)
    });
    node.name != own.name && (named.into_iter().any(|name| name == host) || has)
}

/// On an agent node that is taken from another cluster: a token of that one which
/// would win over ours.
pub(super) fn held_token(node: &Node, context: &Context<'_>) -> Option<(String, String)> {
    let url = other_cluster(node, context)?;
    let files = &context.facts.foreign_tokens;
    (!files.is_empty()).then(|| {
        let files = files.join(", ");
        (
            format!(
                "would be taken from the cluster at {url}, and {files} has the token of that one"
            ),
            format!("take K3S_TOKEN and K3S_URL out of {files}"),
        )
    })
}
