//! The certificates k3s runs on. They are good for a year, and k3s makes new ones
//! when it starts within the last months of that: a cluster that is left alone
//! for a year stops. Its authorities are good for ten, and no start renews them.

use terrarium_inventory::Node;
use terrarium_k3s::paths;

use crate::agent::login::CERTIFICATE;
use crate::facts::Certificate;
use crate::planner::{Context, is_server};
use crate::{Effect, Facts, Refusal};

const DAY: i64 = 86_400;
/// What ends within this is said.
const NOTED: i64 = 90 * DAY;
/// What ends within this is renewed. k3s itself does so at a start within 90 days
/// of the end, 120 in recent versions.
pub(crate) const RENEWED: i64 = 60 * DAY;
/// To make another authority is a matter of planning.
const AUTHORITY: i64 = 365 * DAY;

/// Why k3s has to be started again for its certificates. One start is tried: a
/// certificate that a start within its last days has not renewed is not renewed
/// by another.
pub(crate) fn ending(node: &Node, facts: &Facts) -> Option<String> {
    let age = facts.units.get(paths::service(node.role))?.age?;
    let started = facts.clock.now - age;
    let ending: Vec<String> = leaves(facts)
        .filter(|(_, end)| end - facts.clock.now < RENEWED && started < end - RENEWED)
        .map(|(certificate, end)| said(&certificate.path, end, facts.clock.now))
        .collect();
    let (first, more) = ending.split_first()?;
    Some(match more.len() {
        0 => first.clone(),
        more => format!("{first}; {more} more end within 60 days"),
    })
}

/// What is noted of certificates, though nothing is done about it.
pub(crate) fn notes(node: &Node, context: &Context<'_>) -> Vec<Refusal> {
    let facts = context.facts;
    let now = facts.clock.now;
    let mut notes = Vec::new();
    let mut note = |what: String, hint: &str| {
        notes.push(Refusal::new(&node.name, "certificate", what, hint));
    };
    let renewing = ending(node, facts).is_some();
    let soon = leaves(facts).filter(|(_, end)| end - now < NOTED).min_by_key(|(_, end)| *end);
    if let Some((certificate, end)) = soon.filter(|_| !renewing) {
        let hint = if end - now < RENEWED {
            "starting k3s anew did not renew it: on this node, `sudo systemctl stop` k3s' unit, \
             `sudo k3s certificate rotate`, and start it again"
        } else {
            "a run in the last 60 days of it restarts k3s, which renews it"
        };
        note(said(&certificate.path, end, now), hint);
    }
    // Every node has a copy, and the server's counts.
    let agents = agents(facts).filter(|_| is_server(node));
    if let Some(end) = agents.filter(|end| (RENEWED..NOTED).contains(&(end - now))) {
        note(
            said(&format!("{CERTIFICATE}, which the node agents show,"), end, now),
            "a run in the last 60 days of it makes another",
        );
    }
    // Agent nodes have copies.
    let of_k3s = facts.certificates.iter().filter(|one| one.path != CERTIFICATE);
    let authorities = of_k3s
        .clone()
        .filter(|_| is_server(node))
        .filter(|one| !one.path.starts_with(paths::AGENT_DIR));
    let first = authorities
        .filter_map(|one| {
            one.end.filter(|validity| validity.authority).map(|found| (one, found.end))
        })
        .min_by_key(|(_, end)| *end)
        .filter(|(_, end)| end - now < AUTHORITY);
    if let Some((authority, end)) = first {
        note(
            format!("{}, an authority of the cluster", said(&authority.path, end, now)),
            "no restart renews it: k3s' documentation says how to (`k3s certificate rotate-ca`); \
             every kubeconfig is then made anew by `provision`",
        );
    }
    if let Some(broken) = of_k3s.clone().find(|one| one.end.is_none()) {
        note(
            format!("{} holds no certificate", broken.path),
            "remove the file on this node and restart k3s, which writes it anew",
        );
    }
    if let Some(ingress) = facts.ingress.filter(|ingress| {
        ingress.end - now < NOTED
            && ingress.renew_after.is_none_or(|after| after > operators(facts))
    }) {
        note(
            said(
                "the certificate of the stack's host names (Secret terrarium-tls)",
                ingress.end,
                now,
            ),
            "it is renewed in the last `certificate.renewDays` days of it, which \
             [stack.values.ingress] may set; 120 is the chart's own",
        );
    }
    notes
}

/// The operator's clock: helm goes by that one.
fn operators(facts: &Facts) -> i64 {
    facts.clock.now - facts.clock.skew_ms.div_euclid(1000)
}

/// Why the ingress has to be deployed anew: the chart makes another certificate then.
pub fn ingress_ends(facts: &Facts) -> Option<String> {
    let now = operators(facts);
    let ingress =
        facts.ingress.filter(|found| found.renew_after.is_some_and(|after| after <= now))?;
    Some(said("its certificate", ingress.end, now))
}

/// Certificates of k3s that sign no others, with their ends.
fn leaves(facts: &Facts) -> impl Iterator<Item = (&Certificate, i64)> {
    let leaf = |one: &Certificate| one.end.filter(|found| !found.authority).map(|found| found.end);
    let of_k3s = facts.certificates.iter().filter(|one| one.path != CERTIFICATE);
    of_k3s.filter_map(move |one| Some((one, leaf(one)?)))
}

/// The certificate that the node agents show, with its end.
fn agents(facts: &Facts) -> Option<i64> {
    facts.certificates.iter().find(|one| one.path == CERTIFICATE)?.end.map(|found| found.end)
}

fn said(what: &str, end: i64, now: i64) -> String {
    match end - now {
        left if left >= 0 => format!("{what} ends in {} days", left / DAY),
        left => format!("{what} ended {} days ago", -left / DAY),
    }
}

/// The effect of starting k3s again.
pub(crate) fn restarts(node: &Node) -> Effect {
    Effect::Restarts(paths::service(node.role).to_owned())
}

#[cfg(test)]
mod tests;
