//! The forms a secret may be printed in.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// The text itself and its encodings.
pub(super) fn of(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    let bytes = secret.as_bytes();
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        forms.extend(
            (0..3).map(|before| inside(&engine.encode(shifted(bytes, before)), before, bytes)),
        );
    }
    let each = |form: fn(&u8) -> String| bytes.iter().map(form).collect::<String>();
    forms.push(each(|byte| format!("{byte:02x}")));
    forms.push(each(|byte| format!("{byte:02X}")));
    forms.push(each(|byte| format!("%{byte:02x}")));
    forms.push(each(|byte| format!("%{byte:02X}")));
    forms.push(percent(secret, false));
    forms.push(percent(secret, true));
    forms.push(percent(secret, true).replace("%20", "+"));
    forms.push(crate::fit::html::parts::escape(secret));
    // Of what is left after the letters are taken, only what is another text.
    forms.sort();
    forms.dedup();
    forms
}

/// The secret behind `before` other bytes.
fn shifted(bytes: &[u8], before: usize) -> Vec<u8> {
    let mut all = vec![0; before];
    all.extend_from_slice(bytes);
    all
}

/// The part of a base64 text that the secret alone decides.
fn inside(encoded: &str, before: usize, bytes: &[u8]) -> String {
    let from = (before * 8).div_ceil(6);
    let to = (before + bytes.len()) * 8 / 6;
    encoded.get(from..to).unwrap_or_default().to_owned()
}

/// Percent encoding as web browsers and libraries do it, in either case.
fn percent(text: &str, upper: bool) -> String {
    let written = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else if upper {
            format!("%{byte:02X}")
        } else {
            format!("%{byte:02x}")
        }
    };
    text.bytes().map(written).collect()
}
