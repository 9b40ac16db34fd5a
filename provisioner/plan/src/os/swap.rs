//! Swap, by the mechanism that is found: turning it off by hand would only
//! last until the next boot.

use terrarium_inventory::{Os, Swap};

use crate::agent::same;
use crate::{Action, Change, Effect, Facts};

/// Drop-in that Raspberry Pi OS' swap service (trixie) reads at boot.
pub(crate) const RPI_SWAP: &str = "/etc/rpi/swap.conf.d/90-terrarium.conf";
const RPI_SWAP_TEXT: &str = "[Main]\nMechanism=none\n";

pub(crate) fn plan(os: &Os, facts: &Facts) -> Vec<Change> {
    if os.swap == Swap::Keep {
        return Vec::new();
    }
    let mut changes: Vec<Change> =
        facts.swap.mechanisms.iter().filter_map(|mechanism| turn_off(mechanism, facts)).collect();
    if changes.is_empty() {
        changes.extend(still_active(facts));
    }
    changes
}

/// No mechanism is left to be turned off, and something swaps: what turned it off
/// was cut short or failed, or nobody here knows who arranged it.
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

/// The drop-in of rpi-swap waits for a boot.
fn pending(facts: &Facts) -> bool {
    facts.swap.mechanisms.iter().any(|mechanism| mechanism == "rpi-swap")
        && facts.files.get(RPI_SWAP).is_some_and(|file| file.modified >= facts.boot_time)
}

/// What swaps although every mechanism that is known is off: it comes back at
/// the next boot.
pub(crate) fn unknown<'a>(os: &Os, facts: &'a Facts) -> &'a [String] {
    let known = plan(os, facts).iter().all(|change| change.id != "swap.active");
    if known { &[] } else { &facts.swap.active }
}

fn turn_off(mechanism: &str, facts: &Facts) -> Option<Change> {
    let active = if facts.swap.active.is_empty() {
        "would swap from the next boot on".to_owned()
    } else {
        format!("swaps to {}", facts.swap.active.join(", "))
    };
    match mechanism {
        "rpi-swap" if same(facts, RPI_SWAP, RPI_SWAP_TEXT) => None,
        "rpi-swap" => {
            let change =
                Change::new("swap.rpi", "turn rpi-swap off", format!("{active}, wanted none"))
                    .act(Action::text(RPI_SWAP, "0644", RPI_SWAP_TEXT));
            // The generator runs at boot; what it has set up stays until then.
            Some(if facts.swap.active.is_empty() {
                change
            } else {
                change.effect(Effect::Reboots)
            })
        }
        "dphys-swapfile" => Some(
            Change::new("swap.dphys", "turn dphys-swapfile off", format!("{active}, wanted none")).act(
                Action::run("dphys-swapfile swapoff; systemctl disable --now dphys-swapfile.service"),
            ),
        ),
        "fstab" => Some(
            Change::new("swap.fstab", "take swap out of /etc/fstab", format!("{active}, wanted none")).act(
                Action::run(
                    "set -e\nt=/etc/fstab.terrarium-new\n[ -e /etc/fstab.bak ] || cp -p /etc/fstab /etc/fstab.bak\n\
                     sed -E '/^[^#[:space:]]+[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]]/s/^/# terrarium: /' /etc/fstab >\"$t\"\n\
                     chmod 0644 \"$t\"\nsync \"$t\"\nmv -fT \"$t\" /etc/fstab\nswapoff -a",
                ),
            ),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use terrarium_k3s::sums::Sha256;

    use super::*;
    use crate::fixture::{facts, inventory};
    use crate::{FileFact, Swap as SwapFacts};

    /// The drop-in as of this time, if any; the node has booted at 1000.
    fn found(mechanisms: &[&str], active: &[&str], dropin: Option<i64>) -> Facts {
        let owned = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect();
        let swap = SwapFacts { mechanisms: owned(mechanisms), active: owned(active) };
        let mut facts = Facts { swap, boot_time: 1000, ..facts() };
        facts.files.extend(dropin.map(|modified| {
            let sha256 = Sha256::of(RPI_SWAP_TEXT.as_bytes()).to_string();
            let (mode, owner) = ("644".to_owned(), "root:root".to_owned());
            (RPI_SWAP.to_owned(), FileFact { sha256, mode, owner, modified })
        }));
        facts
    }

    fn planned(facts: &Facts, swap: Swap) -> Vec<(String, bool)> {
        let changes = plan(&Os { swap, ..inventory().os }, facts);
        let reboots = |change: &Change| change.effect == Effect::Reboots;
        changes.iter().map(|change| (change.id.clone(), reboots(change))).collect()
    }

    #[test]
    fn no_swap_is_what_is_active_now_and_after_the_next_boot() {
        let zram = &["/dev/zram0"][..];
        for (mechanisms, active, dropin, expected) in [
            (&[][..], &[][..], None, &[][..]),
            (&["rpi-swap"], zram, None, &[("swap.rpi", true)]),
            // Nothing swaps now: the drop-in is for the next boot, and needs none.
            (&["rpi-swap"], &[], None, &[("swap.rpi", false)]),
            // A run was cut off between the drop-in and the restart.
            (&["rpi-swap"], zram, Some(1500), &[("swap.rpi", true)]),
            (&["rpi-swap"], &[], Some(1500), &[]),
            (&["rpi-swap"], &[], Some(500), &[]),
            // It has booted since and swaps all the same: another restart is no help.
            (&["rpi-swap"], zram, Some(500), &[("swap.active", false)]),
            (
                &["dphys-swapfile", "fstab"],
                zram,
                None,
                &[("swap.dphys", false), ("swap.fstab", false)],
            ),
            // The mechanism was turned off and `swapoff` failed, or it is an unknown one.
            (&[], &["/var/swap"], None, &[("swap.active", false)]),
        ] {
            let facts = found(mechanisms, active, dropin);
            let expected: Vec<_> =
                expected.iter().map(|(id, reboots)| ((*id).to_owned(), *reboots)).collect();
            assert_eq!(
                planned(&facts, Swap::Off),
                expected,
                "{mechanisms:?} {active:?} {dropin:?}"
            );
            assert_eq!(planned(&facts, Swap::Keep), []);
        }
    }

    #[test]
    fn a_drop_in_with_another_text_is_none() {
        let mut facts = found(&["rpi-swap"], &[], Some(500));
        facts.files.get_mut(RPI_SWAP).unwrap().sha256 = "0".repeat(64);
        assert_eq!(planned(&facts, Swap::Off), [("swap.rpi".to_owned(), false)]);
    }

    #[test]
    fn swap_that_nobody_here_knows_is_told() {
        let os = inventory().os;
        assert_eq!(unknown(&os, &found(&[], &["/dev/zram1"], None)), ["/dev/zram1"]);
        assert!(unknown(&os, &found(&["rpi-swap"], &["/dev/zram0"], None)).is_empty());
        assert!(unknown(&os, &found(&[], &[], None)).is_empty());
    }
}
