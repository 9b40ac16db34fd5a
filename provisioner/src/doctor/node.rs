//! What was found of nodes, and what Kubernetes says of them. Pure.

use terrarium_inventory::{Inventory, Node};
use terrarium_plan::{Effect, Facts, Plan, Refusal};

use super::{CLUSTER, Check};
use crate::error::{Code, Failure};

const GIB: u64 = 1 << 30;
/// A clock that differs by more is told; certificates bear much more.
const SKEW_MS: u64 = 5_000;

/// A node that was looked at: what it is, and what a run would say to it.
pub(crate) fn found(node: &Node, facts: &Facts, plan: &Plan, by_hand: &str) -> Vec<Check> {
    let part = node.name.as_str();
    let board = if facts.model.is_empty() { &facts.machine } else { &facts.model };
    let mut checks = vec![
        Check::ok(part, "connection", format!("{by_hand}: host key, login and sudo are right")),
        Check::ok(part, "board", format!("{board}, {} MiB of memory", facts.memory_bytes >> 20)),
        Check::ok(part, "system", format!("{}, kernel {}", facts.os, facts.kernel)),
        clock(part, facts),
        Check::ok(
            part,
            "disk",
            format!("{} GiB free on {}", facts.disk_free_bytes / GIB, facts.data_device),
        ),
        restart(part, plan),
    ];
    let of_node = |remark: &&Refusal| remark.node.as_deref() == Some(part);
    checks.extend(plan.refusals.iter().filter(of_node).map(|refusal| {
        Check::failed(part, &refusal.id, Code::Refused, &refusal.what, &refusal.hint)
    }));
    checks.extend(
        plan.notes
            .iter()
            .filter(of_node)
            .map(|note| Check::note(part, &note.id, &note.what, &note.hint)),
    );
    checks
}

/// A node that was not.
pub(crate) fn away(node: &Node, failure: &Failure) -> Check {
    Check::of(&node.name, "connection", failure)
}

fn clock(part: &str, facts: &Facts) -> Check {
    let skew = facts.clock.skew_ms;
    let differs = format!("{skew} ms from this machine's");
    if skew.unsigned_abs() > SKEW_MS {
        return Check::note(
            part,
            "clock",
            differs,
            format!("on {part}: timedatectl set-ntp true; a run waits until it is right"),
        );
    }
    let ntp = if facts.clock.synchronized { "kept by NTP" } else { "not synchronised yet" };
    Check::ok(part, "clock", format!("{ntp}, {differs}"))
}

/// Whether the node is as its next boot would have it.
fn restart(part: &str, plan: &Plan) -> Check {
    let changes = plan.nodes.get(part).into_iter().flatten();
    let reasons: Vec<&str> = changes
        .filter(|change| matches!(change.effect, Effect::Reboots))
        .map(|change| change.reason.as_str())
        .collect();
    if reasons.is_empty() {
        return Check::ok(part, "boot", "no restart is needed");
    }
    let found = format!("a run restarts this node: {}", reasons.join("; "));
    Check::note(part, "boot", found, "")
}

/// What Kubernetes says, by the server's facts.
pub(crate) fn cluster(inventory: &Inventory, server: Option<&Facts>, plan: &Plan) -> Vec<Check> {
    let name = &inventory.server().name;
    let Some(facts) = server else {
        return vec![Check::note(CLUSTER, "api", format!("not asked: {name} was not reached"), "")];
    };
    let whole = |remark: &&Refusal| remark.node.is_none();
    let mut checks: Vec<Check> = plan
        .refusals
        .iter()
        .filter(whole)
        .map(|refusal| {
            Check::failed(CLUSTER, &refusal.id, Code::Refused, &refusal.what, &refusal.hint)
        })
        .collect();
    let Some(version) = &facts.k3s_version else {
        let found = format!("there is none yet: k3s is not installed on {name}");
        checks.push(Check::note(CLUSTER, "api", found, "provision plan, then: provision apply"));
        return checks;
    };
    let Some(cluster) = &facts.cluster else {
        checks.push(Check::failed(
            CLUSTER,
            "api",
            Code::Drift,
            format!("{version} is installed on {name}, and its API does not answer"),
            format!(
                "`provision apply` starts it; why it does not run, on {name}: journalctl -u k3s"
            ),
        ));
        return checks;
    };
    checks.push(Check::ok(CLUSTER, "api", format!("answers: {version}")));
    for node in &inventory.nodes {
        let known = cluster.nodes.iter().find(|known| known.name == node.name);
        checks.push(match known {
            None => Check::failed(
                CLUSTER,
                &node.name,
                Code::Drift,
                "is not in the cluster",
                "provision plan, then: provision apply",
            ),
            Some(known) if !known.ready => Check::failed(
                CLUSTER,
                &node.name,
                Code::Drift,
                format!("is not Ready: {}", known.reason),
                format!("kubectl describe node {}", node.name),
            ),
            Some(known) if !known.schedulable => Check::note(
                CLUSTER,
                &node.name,
                "is Ready, and no pod is put there: it is cordoned",
                format!("kubectl uncordon {}", node.name),
            ),
            Some(known) => Check::ok(CLUSTER, &node.name, format!("is Ready, {}", known.version)),
        });
    }
    checks
}
