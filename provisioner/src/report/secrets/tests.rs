use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;

use super::{Known, LEAST};

fn known(secrets: &[&str]) -> Known {
    let mut known = Known::default();
    for secret in secrets {
        assert_eq!(known.add(secret), secret.len() >= LEAST);
    }
    known
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().concat()
}

const SECRET: &str = "cor\"rect ho'rse$ b\\att<er>y&é";

#[test]
fn a_secret_is_hidden_whole_encoded_quoted_and_in_pieces() {
    let known = known(&[SECRET]);
    let quoted = SECRET.replace('\'', "'\\''");
    let mut said = vec![
        SECRET.to_owned(),
        format!("'{quoted}'"),
        format!("{SECRET:?}"),
        serde_json::to_string(SECRET).unwrap(),
        SECRET.replace(' ', "\n                 "),
        joined(SECRET.chars().map(|letter| format!("{letter}\u{1b}[0m"))),
        joined(SECRET.chars().map(|letter| format!("{letter}\u{200b}\n"))),
        crate::fit::html::parts::escape(SECRET),
        joined(SECRET.bytes().map(|byte| format!("{byte:02x}"))),
        joined(SECRET.bytes().map(|byte| format!("{byte:02X} "))),
        joined(SECRET.bytes().map(|byte| format!("%{byte:02X}"))),
        percent_encoding::utf8_percent_encode(SECRET, percent_encoding::NON_ALPHANUMERIC)
            .to_string(),
    ];
    for around in ["", "a", "ab", "admin:"] {
        for after in ["", "\n", "xy"] {
            let text = format!("{around}{SECRET}{after}");
            said.push(STANDARD.encode(&text));
            said.push(URL_SAFE.encode(&text));
            said.push(STANDARD.encode(&text).replace("YX", "YX\n  "));
        }
    }
    for text in said {
        let shown = known.mask(&format!("before {text} after"));
        assert!(shown.starts_with("before ") && shown.ends_with(" after"), "{text}: {shown}");
        assert!(shown.contains("[secret]"), "{text}: {shown}");
        // Of base64, letters that hold something else as well stay.
        assert!(shown.len() < "before  after".len() + 8 + 2 * 8, "{text}: {shown}");
    }
}

#[test]
fn a_secret_that_was_cut_is_hidden_from_half_of_it_on() {
    let known = known(&["0123456789abcdefghijABCDEFGHIJ"]);
    assert_eq!(known.mask("said 0123456789abcdef…"), "said [secret]…");
    assert_eq!(known.mask("[…] ghijABCDEFGHIJ56789abcdefghijAB"), "[…] ghijABCDEFGHIJ[secret]");
    assert_eq!(known.mask("a version 0123456789"), "a version 0123456789");
}

#[test]
fn a_short_secret_is_no_part_of_other_words() {
    let known = known(&["raspberry"]);
    for text in ["Raspberry Pi 5 Model B", "a blackberry and a Raspberry", "rasp berr"] {
        assert_eq!(known.mask(text), text);
    }
    assert_eq!(known.mask("pi:raspberry@pi-1"), "pi:[secret]@pi-1");
    assert_eq!(known.mask("rasp\nberry"), "[secret]");
}

#[test]
fn what_is_no_secret_stays_as_it_is() {
    let known = known(&["hunter2", "a", "ab", "abc", ""]);
    let text = "node `pi-1`: a hunter and 2 more, abc\n\tdone\u{1b}[0m";
    assert_eq!(known.mask(text), text);
    assert_eq!(known.mask("xhunter2x"), "x[secret]x");
    assert_eq!(known.mask("\u{1b}[hunter2"), "\u{1b}[[secret]");
    assert_eq!(known.mask("\u{1b}]0;hunter2\u{7}"), "\u{1b}]0;[secret]\u{7}");
    assert_eq!(Known::default().mask(text), text);
}

proptest! {
    #[test]
    fn no_secret_is_left_in_any_text(
        secret in "[a-z0-9 '\"\\\\$&<>]{0,4}[a-z0-9]{4}\\PC{0,24}",
        before in "(?s).{0,40}",
        after in "(?s).{0,40}",
    ) {
        let known = known(&[&secret]);
        let shown = known.mask(&format!("{before}{secret}{after}"));
        let mut without = format!("{before}{after}");
        without.retain(|letter| letter != ' ');
        prop_assert!(without.contains(&secret) || !shown.contains(&secret), "{shown}");
        for text in [serde_json::to_string(&secret).unwrap(), STANDARD.encode(&secret)] {
            let shown = known.mask(&format!("x: {text}"));
            prop_assert!(!shown.contains(&text), "{shown}");
        }
    }
}
