//! The form of a time zone's name. Whether the zone exists, the node knows.

use super::Complaint;
use crate::words::quote;

/// `text` as an IANA time zone: `UTC` or `Area/City`.
pub(crate) fn timezone(text: &str) -> Result<String, Complaint> {
    if is_zone(text) {
        return Ok(text.to_owned());
    }
    let better = capitalised(text);
    Err(Complaint {
        code: "inventory::timezone",
        message: format!("{} is not the name of a time zone", quote(text)),
        why: "not of the form Area/City".to_owned(),
        help: if is_zone(&better) {
            format!("write `{better}`; `timedatectl list-timezones` lists the names")
        } else {
            "write for example `Europe/Berlin` or `UTC`; `timedatectl list-timezones` lists the \
             names"
                .to_owned()
        },
    })
}

fn is_zone(text: &str) -> bool {
    let word = |part: &str| {
        part.len() <= 30
            && part.starts_with(|c: char| c.is_ascii_uppercase())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "_+-".contains(c))
    };
    text == "UTC" || ((2..=3).contains(&text.split('/').count()) && text.split('/').all(word))
}

fn capitalised(text: &str) -> String {
    if text.eq_ignore_ascii_case("utc") {
        return "UTC".to_owned();
    }
    let mut start = true;
    text.trim()
        .chars()
        .map(|c| {
            let c = if c == ' ' { '_' } else { c };
            let shown = if start { c.to_ascii_uppercase() } else { c };
            start = "/_-".contains(c);
            shown
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::timezone;

    #[test]
    fn zones() {
        for zone in [
            "UTC",
            "Etc/UTC",
            "Etc/GMT+5",
            "Europe/Berlin",
            "America/New_York",
            "America/Argentina/Buenos_Aires",
            "America/Port-au-Prince",
        ] {
            assert_eq!(timezone(zone).as_deref(), Ok(zone));
        }
        for (written, hint) in [
            ("europe/berlin", "write `Europe/Berlin`"),
            ("America/New York", "write `America/New_York`"),
            ("utc", "write `UTC`"),
            ("CET", "write for example"),
            ("+02:00", "write for example"),
            ("Europe/../../etc/passwd", "write for example"),
            ("/Europe", "write for example"),
            ("Europe/", "write for example"),
            ("A/B/C/D", "write for example"),
            ("", "write for example"),
        ] {
            let help = timezone(written).expect_err(written).help;
            assert!(help.starts_with(hint), "{written}: {help}");
        }
    }
}
