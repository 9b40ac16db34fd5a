//! The tables of every command on narrow terminals.

use terrarium_inventory::Role;
use terrarium_plan::{Change, Edit, Effect, Facts, Plan, Refusal};

use super::columns::broken;
use super::look::{Look, readable};
use super::{plan, status};
use crate::command::prepare::Unseen;
use crate::command::status::{NodeStatus, Status, Unwell};
use crate::doctor::{self, Check};
use crate::error::Code;
use crate::fit;
use crate::measured;
use crate::verify::outcome::{Outcome, StoreOutcome, Verdict, stores, table};

/// As a terminal gets it.
fn printed(text: &str) -> String {
    broken(text, Look::get().width)
}

#[test]
fn fit_and_report_are_readable_on_narrow_terminals() {
    let answer = fit::fixture::answer();
    readable(|| fit::table::table(&answer));
    let answer = measured::judge::tests::both();
    readable(|| measured::table::table(&answer));
}

#[test]
fn verify_is_readable_on_narrow_terminals() {
    let reason = "nothing with the mark in `postgresql` within 60 s of putting it in at \
                  `device-source`; last seen: ERROR: relation \"devices\" does not exist";
    let failed = Verdict::Failed { seconds: 60.0, reason: reason.to_owned() };
    let missing = vec!["schema-registry".to_owned()];
    let edges: Vec<Outcome> = [failed.clone(), Verdict::NotDeployed { missing }]
        .into_iter()
        .zip(9..)
        .map(|(verdict, number)| Outcome {
            number,
            from: "schema-registry".to_owned(),
            to: "redis-commander".to_owned(),
            title: "an arrow".to_owned(),
            verdict,
        })
        .collect();
    readable(|| table(&edges, true));
    let proven = Verdict::Proven { seconds: 0.3, left: None };
    let both = [("postgresql", failed), ("redis", proven)]
        .map(|(service, verdict)| StoreOutcome { service: service.to_owned(), verdict });
    readable(|| stores(&both));
}

#[test]
fn doctor_is_readable_on_narrow_terminals() {
    let checks = [
        Check::ok(doctor::HERE, "inventory", "/home/somebody/cluster/pis.toml, 9 nodes"),
        Check::note("pi-1", "connection", "it answers, and slowly", "look at the switch first"),
        Check::failed("garage-pi-2", "sudo", Code::Change, "it wants a terminal", "`sudo visudo`"),
    ];
    readable(|| doctor::table(&checks));
}

fn due() -> Plan {
    let mut change = Change::new(
        "agent.package",
        "add cgroup_enable=memory psi=1 to /boot/firmware/cmdline.txt",
        "vm.max_map_count is 65530, wanted 262144",
    )
    .effect(Effect::Restarts("systemd-journald.service".to_owned()));
    change.edits.push(Edit {
        path: "/boot/firmware/cmdline.txt".to_owned(),
        line: 1,
        before: "console=tty1 root=PARTUUID=1 rootwait".to_owned(),
        after: "console=tty1 root=PARTUUID=1 rootwait psi=1".to_owned(),
    });
    let note = Refusal::new("garage-pi-2", "disk", "its disk is nearly full", "free some of it");
    Plan {
        nodes: [("garage-pi-2".to_owned(), vec![change])].into(),
        notes: vec![note],
        ..Plan::default()
    }
}

#[test]
fn plan_and_status_are_readable_on_narrow_terminals() {
    let unseen = || vec![Unseen { node: "pi-3".to_owned(), reason: "it is away".to_owned() }];
    readable(|| printed(&plan(&due(), &unseen(), 3)));
    let node = |name: &str, host: &str, error: Option<&str>| NodeStatus {
        name: name.to_owned(),
        host: host.to_owned(),
        role: Role::Agent,
        facts: error.is_none().then(Facts::default),
        error: error.map(str::to_owned),
        seen: error.is_none(),
        agent_answers: Some(true),
        changes: Some(1),
        unwell: vec![Unwell {
            service: "postgresql".to_owned(),
            failure: "expected an answer within 5 s, got none".to_owned(),
            seconds: Some(190),
        }],
    };
    let status_of = Status {
        version: 1,
        nodes: vec![
            node("garage-pi-2", "garage-pi-2.lan.example.org", None),
            node("pi-3", "192.168.1.13", Some("connection refused: is it switched on?")),
        ],
        plan: due(),
        unseen: unseen(),
        stack_seen: true,
    };
    readable(|| printed(&status(&status_of)));
}
