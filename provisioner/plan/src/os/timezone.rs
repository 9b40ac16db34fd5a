//! The time zone, when the inventory names one.

use terrarium_inventory::Os;

use crate::{Action, Change, Facts, quote};

pub(crate) fn plan(os: &Os, facts: &Facts) -> Option<Change> {
    let wanted = os.timezone.as_ref().filter(|wanted| **wanted != facts.timezone)?;
    let reason = format!("is `{}`, wanted `{wanted}`", facts.timezone);
    Some(
        Change::new("timezone", format!("set the time zone to {wanted}"), reason)
            .act(Action::run(format!("timedatectl set-timezone {}", quote(wanted)))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{facts, inventory};

    #[test]
    fn a_zone_is_set_only_when_named_and_different() {
        for (wanted, found, changes) in [
            (None, "Etc/UTC", false),
            (Some("Europe/Paris"), "Europe/Paris", false),
            (Some("Europe/Paris"), "Etc/UTC", true),
        ] {
            let os = Os { timezone: wanted.map(str::to_owned), ..inventory().os };
            let facts = Facts { timezone: found.to_owned(), ..facts() };
            assert_eq!(plan(&os, &facts).is_some(), changes);
        }
    }
}
