//! Swap, by whatever makes it: turning it off by hand would only last until the
//! next boot. What makes it is asked of the node, not known by its name: lines of
//! fstab, units of systemd, generated ones too, and services whose program is a
//! script that calls `swapon`. What else there is, is told with where it is.

mod fstab;

use std::fmt::Write as _;

use terrarium_inventory::{Os, Swap};

use crate::agent::same;
use crate::shell::quote;
use crate::{Action, Change, Effect, Facts, Refusal, SwapService, SwapUnit};

/// Drop-in that Raspberry Pi OS' swap service (trixie) reads at boot.
pub(crate) const RPI_SWAP: &str = "/etc/rpi/swap.conf.d/90-terrarium.conf";
const RPI_SWAP_TEXT: &str = "[Main]\nMechanism=none\n";

pub(crate) fn plan(os: &Os, facts: &Facts) -> Vec<Change> {
    if os.swap == Swap::Keep {
        return Vec::new();
    }
    let mut changes: Vec<Change> = Vec::new();
    changes.extend(rpi(facts));
    let dphys = facts.swap.mechanisms.iter().any(|mechanism| mechanism == "dphys-swapfile");
    changes.extend(dphys.then(|| dphys_off(facts)));
    changes.extend(lines(facts));
    changes.extend(units(facts));
    changes.extend(services(facts));
    if changes.is_empty() {
        changes.extend(still_active(facts));
    }
    changes
}

/// No mechanism is left to be turned off, and something swaps: what turned it off
/// was cut short or failed, or nobody here can tell who arranged it.
fn still_active(facts: &Facts) -> Option<Change> {
    if facts.swap.active.is_empty() {
        return None;
    }
    let active = facts.swap.active.join(", ");
    if pending(facts) {
        let reason = format!("still swaps to {active}: {RPI_SWAP} is newer than the last boot");
        return Some(Change::new("swap.rpi", "turn rpi-swap off", reason).effect(Effect::Reboots));
    }
    let reason = format!("swaps to {active}, wanted none");
    Some(Change::new("swap.active", "turn swap off", reason).act(Action::run("swapoff -a")))
}

fn has_rpi(facts: &Facts) -> bool {
    facts.swap.mechanisms.iter().any(|mechanism| mechanism == "rpi-swap")
}

/// The drop-in of rpi-swap waits for a boot.
fn pending(facts: &Facts) -> bool {
    let newer =
        |path: &str| facts.files.get(path).is_some_and(|file| file.modified >= facts.boot_time);
    has_rpi(facts) && newer(RPI_SWAP)
}

fn now(facts: &Facts) -> String {
    match &facts.swap.active[..] {
        [] => "would swap from the next boot on, wanted none".to_owned(),
        active => format!("swaps to {}, wanted none", active.join(", ")),
    }
}

fn rpi(facts: &Facts) -> Option<Change> {
    if !has_rpi(facts) || same(facts, RPI_SWAP, RPI_SWAP_TEXT) {
        return None;
    }
    let change = Change::new("swap.rpi", "turn rpi-swap off", now(facts)).act(Action::text(
        RPI_SWAP,
        "0644",
        RPI_SWAP_TEXT,
    ));
    // The generator runs at boot; what it has set up stays until then.
    Some(if facts.swap.active.is_empty() { change } else { change.effect(Effect::Reboots) })
}

fn dphys_off(facts: &Facts) -> Change {
    Change::new("swap.dphys", "turn dphys-swapfile off", now(facts))
        .act(Action::run("dphys-swapfile swapoff; systemctl disable --now dphys-swapfile.service"))
}

fn lines(facts: &Facts) -> Option<Change> {
    let found = fstab::found(&facts.fstab.0);
    if found.is_empty() {
        return None;
    }
    let after = fstab::without(&facts.fstab.0);
    let title = format!("take swap to {} out of /etc/fstab", found.join(", "));
    Some(
        Change::new("swap.fstab", title, now(facts))
            .edits("/etc/fstab", &facts.fstab.0, &after)
            .act(Action::edit("/etc/fstab", &facts.fstab, after, true))
            // Or systemd goes on with what it read.
            .act(Action::run("systemctl daemon-reload || :\nswapoff -a")),
    )
}

/// Units of systemd that swap, but for those of a line of fstab and those that
/// rpi-swap makes: these go with it.
fn units(facts: &Facts) -> Option<Change> {
    let rpi = has_rpi(facts) && (rpi(facts).is_some() || pending(facts));
    let generated = |unit: &SwapUnit| unit.fragment.starts_with("/run/");
    let wanted = |unit: &&SwapUnit| {
        let starts = !unit.fragment.starts_with("/etc/") || unit.active || unit.enabled;
        starts && unit.source != "/etc/fstab" && !(rpi && generated(unit))
    };
    let found: Vec<&SwapUnit> = facts.swap.units.iter().filter(wanted).collect();
    if found.is_empty() {
        return None;
    }
    let names: Vec<&str> = found.iter().map(|unit| unit.name.as_str()).collect();
    let mut script = String::new();
    for unit in &found {
        let name = quote(&unit.name);
        // A unit that a person wrote into /etc cannot be masked, and one that a
        // generator makes at each boot cannot be disabled.
        let verb = if unit.fragment.starts_with("/etc/") { "disable" } else { "mask" };
        let _ = writeln!(script, "systemctl {verb} --now {name} || exit");
    }
    script.push_str("swapoff -a");
    let reason = found
        .iter()
        .map(|unit| format!("{} ({}) swaps to {}", unit.name, unit.fragment, unit.what))
        .collect::<Vec<_>>()
        .join("; ");
    let title = format!("turn {} off", names.join(", "));
    Some(Change::new("swap.unit", title, format!("{reason}; wanted none")).act(Action::run(script)))
}

/// Services that do nothing but swap.
fn services(facts: &Facts) -> Option<Change> {
    let only = |service: &&SwapService| service.only && service.unit != "dphys-swapfile.service";
    let found: Vec<&SwapService> = facts.swap.services.iter().filter(only).collect();
    if found.is_empty() {
        return None;
    }
    let names: Vec<&str> = found.iter().map(|service| service.unit.as_str()).collect();
    let mut script = String::new();
    for name in &names {
        let _ = writeln!(script, "systemctl disable --now {} || exit", quote(name));
    }
    script.push_str("swapoff -a");
    let reason = found
        .iter()
        .map(|service| format!("{} turns swap on ({})", service.unit, service.program))
        .collect::<Vec<_>>()
        .join("; ");
    let title = format!("turn {} off", names.join(", "));
    Some(
        Change::new("swap.service", title, format!("{reason}; wanted none"))
            .act(Action::run(script)),
    )
}

/// What swaps, or will, and is not turned off for good.
pub(crate) fn note(node: &str, os: &Os, facts: &Facts) -> Option<Refusal> {
    if os.swap == Swap::Keep {
        return None;
    }
    let others = facts.swap.services.iter().filter(|service| !service.only);
    let mut makers: Vec<String> =
        others.map(|service| format!("{} ({})", service.unit, service.program)).collect();
    makers.extend(facts.swap.scripts.iter().cloned());
    let unknown = plan(os, facts).iter().any(|change| change.id == "swap.active");
    let active = facts.swap.active.join(", ");
    let (what, hint) = match (unknown, &makers[..]) {
        (false, []) => return None,
        (true, []) => (
            format!("swaps to {active}, and neither fstab nor a unit of systemd is seen to arrange it"),
            "it is turned off until the next boot; look for what calls `swapon`: `grep -rl swapon /etc /usr/local`".to_owned(),
        ),
        (true, makers) => (
            format!("swaps to {active}, arranged by {}, which may do other things too", makers.join(", ")),
            "it is turned off until the next boot; take the call of `swapon` out of there, or `sudo systemctl disable` the service".to_owned(),
        ),
        (false, makers) => (
            format!("may swap from the next boot on: {} calls `swapon`", makers.join(", ")),
            "take that out of there, or `sudo systemctl disable` the service".to_owned(),
        ),
    };
    Some(Refusal::new(node, "swap", what, hint))
}

#[cfg(test)]
mod tests;
