use terrarium_k3s::sums::Sha256;

use super::*;
use crate::fixture::{facts, inventory};
use crate::{FileFact, Swap as SwapFacts};

/// The drop-in as of this time, if any; the node has booted at 1000.
fn found(mechanisms: &[&str], active: &[&str], dropin: Option<i64>) -> Facts {
    let owned = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect();
    let (fstab, mechanisms): (Vec<&str>, Vec<&str>) =
        mechanisms.iter().partition(|mechanism| **mechanism == "fstab");
    let (mechanisms, active) = (owned(&mechanisms), owned(active));
    let swap = SwapFacts { mechanisms, active, ..SwapFacts::default() };
    let mut facts = Facts { swap, boot_time: 1000, ..facts() };
    facts.fstab = if fstab.is_empty() { "" } else { " /var/swap none swap\n" }.into();
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
        (&["dphys-swapfile", "fstab"], zram, None, &[("swap.dphys", false), ("swap.fstab", false)]),
        // The mechanism was turned off and `swapoff` failed, or it is an unknown one.
        (&[], &["/var/swap"], None, &[("swap.active", false)]),
    ] {
        let facts = found(mechanisms, active, dropin);
        let expected: Vec<_> =
            expected.iter().map(|(id, reboots)| ((*id).to_owned(), *reboots)).collect();
        assert_eq!(planned(&facts, Swap::Off), expected, "{mechanisms:?} {active:?} {dropin:?}");
        assert_eq!(planned(&facts, Swap::Keep), []);
    }
}

#[test]
fn a_drop_in_with_another_text_is_none() {
    let mut facts = found(&["rpi-swap"], &[], Some(500));
    facts.files.get_mut(RPI_SWAP).unwrap().sha256 = "0".repeat(64);
    assert_eq!(planned(&facts, Swap::Off), [("swap.rpi".to_owned(), false)]);
}

fn unit(name: &str, fragment: &str, source: &str) -> SwapUnit {
    SwapUnit {
        name: name.to_owned(),
        active: true,
        enabled: false,
        fragment: fragment.to_owned(),
        source: source.to_owned(),
        what: "/dev/zram0".to_owned(),
    }
}

/// The one change, and its last action.
fn script(facts: &Facts) -> (String, String) {
    let changes = plan(&inventory().os, facts);
    let [change] = &changes[..] else { panic!("{changes:?}") };
    let Some(Action::Run { script, .. }) = change.actions.last() else { panic!("{change:?}") };
    (change.id.clone(), script.clone())
}

#[test]
fn a_unit_of_systemd_is_kept_from_starting_in_the_way_that_lasts() {
    let generated = "/run/systemd/generator/dev-zram0.swap";
    for (name, fragment, expected) in [
        ("dev-zram0.swap", generated, "systemctl mask --now dev-zram0.swap"),
        (
            "swap-file.swap",
            "/usr/lib/systemd/system/swap-file.swap",
            "systemctl mask --now swap-file.swap",
        ),
        (
            "swap-file.swap",
            "/etc/systemd/system/swap-file.swap",
            "systemctl disable --now swap-file.swap",
        ),
        (
            "dev-disk-by\\x2duuid-1.swap",
            "/run/systemd/generator.late/x",
            "systemctl mask --now 'dev-disk-by\\x2duuid-1.swap'",
        ),
    ] {
        let mut facts = found(&[], &["/dev/zram0"], None);
        facts.swap.units = vec![unit(name, fragment, "-")];
        let (id, script) = script(&facts);
        assert_eq!(id, "swap.unit");
        assert!(script.starts_with(expected) && script.ends_with("swapoff -a"), "{script}");
    }
    // The line of fstab is the cause, and rpi-swap is.
    let mut facts = found(&["fstab"], &["/var/swap"], None);
    facts.swap.units =
        vec![unit("var-swap.swap", "/run/systemd/generator/var-swap.swap", "/etc/fstab")];
    assert_eq!(planned(&facts, Swap::Off), [("swap.fstab".to_owned(), false)]);
    let mut facts = found(&["rpi-swap"], &["/dev/zram0"], None);
    facts.swap.units = vec![unit("dev-zram0.swap", generated, "-")];
    assert_eq!(planned(&facts, Swap::Off), [("swap.rpi".to_owned(), true)]);
    // Its drop-in has been there at the last boot: something else makes the unit.
    let mut facts = found(&["rpi-swap"], &["/dev/zram0"], Some(500));
    facts.swap.units = vec![unit("dev-zram0.swap", generated, "-")];
    assert_eq!(planned(&facts, Swap::Off), [("swap.unit".to_owned(), false)]);
    // A unit in /etc that nothing starts.
    let mut facts = found(&[], &[], None);
    facts.swap.units =
        vec![SwapUnit { active: false, ..unit("x.swap", "/etc/systemd/system/x.swap", "-") }];
    assert_eq!(planned(&facts, Swap::Off), []);
    facts.swap.units[0].enabled = true;
    assert_eq!(planned(&facts, Swap::Off), [("swap.unit".to_owned(), false)]);
}

#[test]
fn a_service_for_swap_alone_is_disabled_and_another_is_named() {
    let service = |unit: &str, only| SwapService {
        unit: unit.to_owned(),
        only,
        program: "/usr/sbin/zramswap".to_owned(),
    };
    let mut facts = found(&[], &["/dev/zram0"], None);
    facts.swap.services = vec![service("zramswap.service", true)];
    let (id, script) = script(&facts);
    assert_eq!(id, "swap.service");
    assert!(script.starts_with("systemctl disable --now zramswap.service"), "{script}");
    assert_eq!(told(&facts), None);

    facts.swap.services = vec![service("zram-everything.service", false)];
    facts.swap.scripts = vec!["/etc/cron.d/swap".to_owned()];
    let said = told(&facts).unwrap();
    assert!(
        said.contains("zram-everything.service (/usr/sbin/zramswap), /etc/cron.d/swap"),
        "{said}"
    );
    facts.swap.active.clear();
    assert!(told(&facts).unwrap().starts_with("may swap from the next boot on"));
}

/// What is told of swap.
fn told(facts: &Facts) -> Option<String> {
    note("pi-1", &inventory().os, facts).map(|note| note.what)
}

#[test]
fn swap_of_which_nothing_is_seen_is_told() {
    let said = told(&found(&[], &["/dev/zram1"], None)).unwrap();
    assert!(said.starts_with("swaps to /dev/zram1, and neither fstab nor"), "{said}");
    assert_eq!(told(&found(&["rpi-swap"], &["/dev/zram0"], None)), None);
    assert_eq!(told(&found(&[], &[], None)), None);
}
