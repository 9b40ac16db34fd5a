//! How each node is reached: what the inventory says, and for the rest what the
//! `ssh_config` does.

mod disk;

use terrarium_inventory::{Hop, Inventory, Node, Ssh, SshConfig};
use terrarium_ssh::config::{self, Agent, Asked, At, Source, Strict, Way};
use terrarium_ssh::places::Rule;
use terrarium_ssh::{FirstContact, Secret, Target};

use crate::error::{Code, Failure};
use crate::places;
use crate::settings::Settings;
use disk::Disk;

/// How many jump hosts may lead to one another.
const HOPS_MAX: usize = 8;

/// Writes into each node where the `ssh_config` says that it is.
pub(crate) fn follow(inventory: &mut Inventory, settings: &Settings) -> Result<(), Failure> {
    for node in &mut inventory.nodes {
        let way = way(node, settings)?;
        node.host = way.host;
        if let (false, Some(user)) = (node.ssh.has_user, way.user) {
            node.ssh.user = user;
        }
        if let (false, Some(port)) = (node.ssh.has_port, way.port) {
            node.ssh.port = port;
        }
    }
    Ok(())
}

/// What the `ssh_config` says about a node.
pub(crate) fn way(node: &Node, settings: &Settings) -> Result<Way, Failure> {
    let asked = Asked {
        host: node.alias.clone(),
        user: node.ssh.has_user.then(|| node.ssh.user.clone()),
        port: node.ssh.has_port.then_some(node.ssh.port),
        has_jump: node.ssh.jump.is_some(),
    };
    ask(&asked, &node.ssh, &settings.around(&node.ssh.user), settings)
}

fn ask(
    asked: &Asked,
    ssh: &Ssh,
    around: &config::Around,
    settings: &Settings,
) -> Result<Way, Failure> {
    let own = around.home.join(".ssh");
    let sources = match &ssh.config {
        SshConfig::None => Vec::new(),
        SshConfig::File(file) => vec![Source { file: file.clone(), folder: own }],
        SshConfig::Usual => {
            let mut sources = Vec::new();
            if settings.has_home() {
                sources.push(Source { file: own.join("config"), folder: own });
            }
            let all = std::path::PathBuf::from("/etc/ssh");
            sources.push(Source { file: all.join("ssh_config"), folder: all });
            sources
        }
    };
    let way = config::resolve(asked, &sources, around, &Disk).map_err(|error| {
        let hint = error.hint.clone();
        Failure::plain(Code::Usage, error.to_string()).hint(Some(hint))
    })?;
    for file in &way.files {
        places::hold("the ssh configuration", file, Rule::Shared, &settings.me)?;
    }
    Ok(way)
}

/// How a node is reached. Its host key has to be known, and that of each jump host.
pub(crate) fn target(
    node: &Node,
    password: Option<Secret>,
    settings: &Settings,
) -> Result<Target, Failure> {
    Ok(reached(node, password, settings)?.0)
}

/// What an `ssh_config` says about a key that nobody recorded: for each host on the way,
/// and for the node.
pub(crate) type Stricts = Vec<Option<Strict>>;

/// The same, and how strict the `ssh_config` is with the hosts of [`Target::way`].
pub(crate) fn reached(
    node: &Node,
    password: Option<Secret>,
    settings: &Settings,
) -> Result<(Target, Stricts), Failure> {
    let way = way(node, settings)?;
    let (jumps, mut stricts): (Vec<_>, Stricts) = jumps(node, &way, settings)?.into_iter().unzip();
    stricts.push(way.strict);
    let connect_timeout = node.ssh.connect_timeout.map(std::time::Duration::from_secs);
    let mut target = of_way(&way, &node.ssh, settings);
    target.node.clone_from(&node.name);
    target.host.clone_from(&node.host);
    target.port = node.ssh.port;
    target.user.clone_from(&node.ssh.user);
    target.password = password;
    target.host_keys.clone_from(&node.host_keys);
    target.connect_timeout = connect_timeout.or(way.connect_timeout);
    if !node.ssh.identities.is_empty() {
        target.identities.clone_from(&node.ssh.identities);
    }
    target.jumps = jumps;
    Ok((target, stricts))
}

/// What holds for nodes and jump hosts alike.
fn of_way(way: &Way, ssh: &Ssh, settings: &Settings) -> Target {
    let known = match &way.known_hosts {
        Some(files) => files.clone(),
        None => settings.user_known_hosts.iter().cloned().collect(),
    };
    let agent = match &way.agent {
        Agent::Environment => settings.agent_socket.clone(),
        Agent::None => None,
        Agent::At(socket) => Some(socket.clone()),
    };
    Target {
        node: String::new(),
        host: way.host.clone(),
        port: way.port.unwrap_or(terrarium_ssh::PORT),
        user: ssh.user.clone(),
        identities: way.identities.clone().filter(|_| way.keys).unwrap_or_default(),
        password: None,
        host_keys: Vec::new(),
        first_contact: FirstContact::Refuse,
        known_hosts: ssh.known_hosts.clone(),
        user_known_hosts: known.into_iter().chain(way.global_known_hosts.clone()).collect(),
        agent_socket: agent.filter(|_| way.keys),
        usual_keys: settings.usual_keys().filter(|_| way.keys),
        unlocked: Vec::new(),
        certificates: way.certificates.clone(),
        identities_only: way.identities_only,
        host_key_alias: way.host_key_alias.clone(),
        family: way.family,
        connect_timeout: way.connect_timeout,
        alive_interval: way.alive_interval,
        alive_count: way.alive_count,
        is_jump: false,
        jumps: Vec::new(),
    }
}

/// A host that a node is reached through.
type Jump = (Target, Option<Strict>);

/// The hosts a node is reached through, in order.
fn jumps(node: &Node, way: &Way, settings: &Settings) -> Result<Vec<Jump>, Failure> {
    let (hops, at) = match (&node.ssh.jump, &way.jump) {
        (Some(hops), _) => (hops.clone(), None),
        (None, Some((text, at))) => (written(text, at)?, Some(at)),
        (None, None) => return Ok(Vec::new()),
    };
    let mut jumps = Vec::new();
    through(&hops, at, node, settings, 0, &mut jumps)?;
    Ok(jumps)
}

fn written(text: &str, at: &At) -> Result<Vec<Hop>, Failure> {
    let hops = config::hops(text)
        .map_err(|why| Failure::plain(Code::Usage, format!("{at}: `ProxyJump`: {why}")))?;
    Ok(hops.into_iter().map(|config::Hop { host, user, port }| Hop { user, host, port }).collect())
}

/// Each hop by the `ssh_config`; the first may itself be behind others.
fn through(
    hops: &[Hop],
    at: Option<&At>,
    node: &Node,
    settings: &Settings,
    depth: usize,
    jumps: &mut Vec<Jump>,
) -> Result<(), Failure> {
    for (index, hop) in hops.iter().enumerate() {
        let asked = Asked {
            host: hop.host.clone(),
            user: hop.user.clone(),
            port: hop.port,
            has_jump: index > 0,
        };
        let local = settings.around("").user;
        let way = ask(&asked, &node.ssh, &settings.around(&local), settings)?;
        if let (0, Some((text, at))) = (index, &way.jump) {
            if depth >= HOPS_MAX {
                let what = format!("{at}: jump hosts lead to one another without an end");
                return Err(Failure::plain(Code::Usage, what).hint(Some(format!(
                    "`ProxyJump none` for `{}`, before that line, ends it",
                    hop.host
                ))));
            }
            through(&written(text, at)?, Some(at), node, settings, depth + 1, jumps)?;
        }
        let mut target = of_way(&way, &node.ssh, settings);
        if target.identities.is_empty() && way.keys {
            target.identities.clone_from(&node.ssh.identities);
        }
        target.node.clone_from(&hop.host);
        target.is_jump = true;
        target.port = hop.port.or(way.port).unwrap_or(terrarium_ssh::PORT);
        target.user = hop.user.clone().or(way.user).unwrap_or(local);
        jumps.push((target, way.strict));
        if jumps.len() > HOPS_MAX {
            let place = at.map_or_else(|| format!("node `{}`", node.name), ToString::to_string);
            return Err(Failure::plain(
                Code::Usage,
                format!("{place}: more than {HOPS_MAX} hosts to go through"),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
