//! Swap, by the mechanism that is found: turning it off by hand would only
//! last until the next boot.

use terrarium_inventory::{Os, Swap};

use crate::{Action, Change, Effect, Facts};

/// Drop-in that Raspberry Pi OS' swap service (trixie) reads at boot.
pub(crate) const RPI_SWAP: &str = "/etc/rpi/swap.conf.d/90-terrarium.conf";
const RPI_SWAP_TEXT: &str = "[Main]\nMechanism=none\n";

pub(crate) fn plan(os: &Os, facts: &Facts) -> Vec<Change> {
    if os.swap == Swap::Keep {
        return Vec::new();
    }
    facts.swap.mechanisms.iter().filter_map(|mechanism| turn_off(mechanism, facts)).collect()
}

fn turn_off(mechanism: &str, facts: &Facts) -> Option<Change> {
    let active = if facts.swap.active.is_empty() {
        "would swap from the next boot on".to_owned()
    } else {
        format!("swaps to {}", facts.swap.active.join(", "))
    };
    match mechanism {
        "rpi-swap" if facts.files.contains_key(RPI_SWAP) => None,
        "rpi-swap" => Some(
            Change::new("swap.rpi", "turn rpi-swap off", format!("{active}, wanted none"))
                .act(Action::text(RPI_SWAP, "0644", RPI_SWAP_TEXT))
                // The generator runs at boot; what it has set up stays until then.
                .effect(Effect::Reboots),
        ),
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
    use super::*;
    use crate::fixture::{facts, inventory};
    use crate::{FileFact, Swap as SwapFacts};

    fn ids(mechanisms: &[&str], swap: Swap, dropin: bool) -> Vec<String> {
        let os = Os { swap, ..inventory().os };
        let mut facts = Facts {
            swap: SwapFacts {
                mechanisms: mechanisms.iter().map(|m| (*m).to_owned()).collect(),
                active: vec!["/dev/zram0".to_owned()],
            },
            ..facts()
        };
        if dropin {
            let file = FileFact {
                sha256: String::new(),
                mode: "644".into(),
                owner: "root:root".into(),
                modified: 0,
            };
            facts.files.insert(RPI_SWAP.to_owned(), file);
        }
        plan(&os, &facts).into_iter().map(|change| change.id).collect()
    }

    #[test]
    fn swap_is_turned_off_by_the_mechanism_found() {
        assert_eq!(ids(&[], Swap::Off, false), [""; 0]);
        assert_eq!(ids(&["rpi-swap"], Swap::Off, false), ["swap.rpi"]);
        assert_eq!(ids(&["rpi-swap"], Swap::Off, true), [""; 0]);
        assert_eq!(
            ids(&["dphys-swapfile", "fstab"], Swap::Off, false),
            ["swap.dphys", "swap.fstab"]
        );
        assert_eq!(ids(&["rpi-swap", "fstab"], Swap::Keep, false), [""; 0]);
    }
}
