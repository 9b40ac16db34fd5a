//! What must never be seen, and where to look for it.

use std::process::Output;

use base64::Engine as _;

use crate::world::{NODES, PASSWORD, World};

/// Samples the command lines of every process of a node until told to stop.
/// `/proc/*/cmdline` is what `ps` shows to every user.
const SAMPLER: &str = "nohup sh -c 'while [ ! -e /run/sampler-stop ]; do \
    for f in /proc/[0-9]*/cmdline; do tr \"\\0\" \" \" <$f; echo; done; sleep 0.05; done \
    2>/dev/null >/run/sampled' >/dev/null 2>&1 &";

/// Begins to sample a node; a node that restarts has to be begun anew.
pub(crate) fn sample(world: &World, node: &str) {
    world.sh(node, &format!("rm -f /run/sampler-stop; {SAMPLER}"));
}

/// Every command line seen on the node since its sampler began.
pub(crate) fn sampled(world: &World, node: &str) -> String {
    world.sh(node, "touch /run/sampler-stop; sort -u /run/sampled")
}

/// Everything a run knows that nobody else should: the password, both join
/// tokens, the services' passwords, the administrator's key.
pub(crate) fn all(world: &World) -> Vec<String> {
    let [own, agents] = ["token", "agent-token"]
        .map(|name| world.sh("pi-1", &format!("cat /var/lib/rancher/k3s/server/{name}")));
    let [secret, agents_secret] =
        [&own, &agents].map(|token| token.rsplit(':').next().unwrap().to_owned());
    assert_ne!(secret, agents_secret, "agent nodes join by a token of their own");
    for node in &NODES[1..] {
        // In whatever file: root on an agent node is no administrator.
        let found = world.sh(
            node,
            &format!("grep -rlsF -- '{secret}' /etc /var/lib/rancher/k3s/agent /var/lib/terrarium /root /home /tmp || :"),
        );
        assert_eq!(found, "", "{node} holds the server's own token");
    }
    let key = world.sh("pi-1", "sed -n 's/.*client-key-data: *//p' /etc/rancher/k3s/k3s.yaml");
    let shown_by_agents = world.sh("pi-1", "sed -n 2p /etc/terrarium/agent.key");
    let mut secrets =
        vec![PASSWORD.to_owned(), own, agents, secret, agents_secret, key, shown_by_agents];
    let kubernetes = world.kubectl_json("get secrets -n terrarium");
    for item in kubernetes["items"].as_array().unwrap() {
        if item["type"] != "Opaque" {
            continue;
        }
        let data = item["data"].as_object().unwrap().iter();
        // A certificate is what everybody is shown.
        for (_, value) in data.filter(|(key, _)| *key != "ca.crt") {
            let bytes =
                base64::engine::general_purpose::STANDARD.decode(value.as_str().unwrap()).unwrap();
            let text = String::from_utf8_lossy(&bytes).trim().to_owned();
            // A password of its own, not a word like a user's name.
            if text.len() >= 16 {
                secrets.push(text);
            }
        }
    }
    assert!(secrets.len() >= 8, "a password for PostgreSQL and one for Redis are expected");
    secrets
}

/// None of the secrets is in what the run said, in a process list, in the
/// nodes' journals, or in a file that others than root may read.
pub(crate) fn assert_hidden(world: &World, output: &Output, process_lists: &[String]) {
    let secrets = all(world);
    let said =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let journals = NODES.map(|node| world.sh(node, "journalctl --no-pager -o cat"));
    let places = said
        .iter()
        .map(|text| ("output", text))
        .chain(process_lists.iter().map(|text| ("process list", text)));
    for (place, text) in places.chain(journals.iter().map(|text| ("journal", text))) {
        for secret in &secrets {
            assert!(
                !text.contains(secret.as_str()),
                "a secret ({}…) is in the {place}",
                &secret[..3]
            );
        }
    }
    for node in NODES {
        // The login's own password is in no file; the others have to be in root's.
        for secret in secrets.iter().skip(1) {
            let found = world.sh(
                node,
                &format!("find /etc /usr/local /var/lib/terrarium /home /tmp -xdev -type f -perm -004 -exec grep -lF -- '{secret}' {{}} + || :"),
            );
            assert_eq!(found, "", "{node}: a secret in a file everybody may read");
        }
    }
}
