//! The time zone, when the inventory names one. A zone has several names, which
//! the tz database calls links: they are compared as the node resolves them, and a
//! node that does not have the wished one, which may be in a package of old names,
//! is given another of the same zone.

use std::iter;

use terrarium_inventory::{Os, zone_aliases};

use crate::{Action, Change, Facts, quote};

/// The wished name and the other ones of its zone.
pub(crate) fn names(os: &Os) -> impl Iterator<Item = &str> {
    let wanted = os.timezone.as_deref();
    wanted.into_iter().flat_map(|wanted| iter::once(wanted).chain(zone_aliases(wanted)))
}

pub(crate) fn plan(os: &Os, facts: &Facts) -> Option<Change> {
    let wanted = os.timezone.as_deref()?;
    let (name, resolved) = known(os, facts).unwrap_or((wanted, wanted));
    if [name, resolved].contains(&facts.timezone.as_str()) {
        return None;
    }
    let reason = format!("is `{}`, wanted `{wanted}`", facts.timezone);
    let title = if name == wanted {
        format!("set the time zone to {wanted}")
    } else {
        format!("set the time zone to {name}, which the node has for {wanted}")
    };
    Some(
        Change::new("timezone", title, reason)
            .act(Action::run(format!("timedatectl set-timezone {}", quote(name)))),
    )
}

/// The first of the names that the node has, and what it resolves that to.
fn known<'a>(os: &'a Os, facts: &'a Facts) -> Option<(&'a str, &'a str)> {
    names(os).find_map(|name| Some((name, facts.zones.get(name)?.as_deref()?)))
}

/// The wished zone, if the node was asked for it and has it by no name.
pub(crate) fn missing<'a>(os: &'a Os, facts: &Facts) -> Option<&'a str> {
    let wanted = os.timezone.as_deref()?;
    (facts.zones.contains_key(wanted) && known(os, facts).is_none()).then_some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{facts, inventory};

    /// What is planned on a node that has these zones, `name` or `link>target`.
    fn planned(wanted: Option<&str>, found: &str, has: &[&str]) -> Option<String> {
        let os = Os { timezone: wanted.map(str::to_owned), ..inventory().os };
        let zone = |name: &str| {
            let has = has.iter().map(|it| it.split_once('>').unwrap_or((it, it)));
            has.clone().find(|(link, _)| *link == name).map(|(_, target)| target.to_owned())
        };
        let zones = names(&os).map(|name| (name.to_owned(), zone(name))).collect();
        let facts = Facts { timezone: found.to_owned(), zones, ..facts() };
        assert_eq!(
            missing(&os, &facts).is_some(),
            wanted.is_some() && facts.zones.values().all(Option::is_none)
        );
        match plan(&os, &facts)?.actions.into_iter().next()? {
            Action::Run { script, .. } => {
                script.strip_prefix("timedatectl set-timezone ").map(str::to_owned)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_zone_is_set_only_when_named_and_another() {
        let debian = [
            "Europe/Paris",
            "UTC>Etc/UTC",
            "Etc/UTC",
            "Europe/Kiev>Europe/Kyiv",
            "Europe/Kyiv",
            "America/New_York",
        ];
        for (wanted, found, set) in [
            (None, "Etc/UTC", None),
            (Some("Europe/Paris"), "Europe/Paris", None),
            (Some("Europe/Paris"), "Etc/UTC", Some("Europe/Paris")),
            // As the node resolves them.
            (Some("UTC"), "Etc/UTC", None),
            (Some("Europe/Kiev"), "Europe/Kyiv", None),
            (Some("Europe/Kyiv"), "Etc/UTC", Some("Europe/Kyiv")),
            // An old name that is in a package of its own.
            (Some("US/Eastern"), "Etc/UTC", Some("America/New_York")),
            (Some("US/Eastern"), "America/New_York", None),
            // A file in place of a link.
            (Some("UTC"), "/etc/localtime", Some("UTC")),
        ] {
            assert_eq!(planned(wanted, found, &debian).as_deref(), set, "{wanted:?} {found}");
        }
        // Where links are files of their own, each name resolves to itself.
        assert_eq!(planned(Some("UTC"), "UTC", &["UTC", "Etc/UTC"]), None);
        assert_eq!(planned(Some("UTC"), "Etc/UTC", &["UTC", "Etc/UTC"]).as_deref(), Some("UTC"));
    }

    #[test]
    fn a_node_without_the_zone_is_told_apart() {
        assert_eq!(planned(Some("UTC"), "Etc/UTC", &[]), Some("UTC".to_owned()));
    }
}
