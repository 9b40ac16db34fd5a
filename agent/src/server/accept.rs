//! What a client accepts: which format, and whether compressed.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, ACCEPT_ENCODING};

use crate::encoder::Format;

/// The format the client likes best of the two there are.
pub(super) fn format(headers: &HeaderMap) -> Format {
    let mut best = (0, Format::Text);
    for (media, quality) in items(headers, &ACCEPT) {
        let format = match media.split(';').next().unwrap_or_default().trim() {
            "application/openmetrics-text" => Format::OpenMetrics,
            "text/plain" | "text/*" | "*/*" => Format::Text,
            _ => continue,
        };
        // Of equals the first named; and the text where nothing is named.
        if quality > best.0 {
            best = (quality, format);
        }
    }
    best.1
}

/// Whether the client takes gzip.
pub(super) fn gzip(headers: &HeaderMap) -> bool {
    items(headers, &ACCEPT_ENCODING).any(|(coding, quality)| {
        let coding = coding.split(';').next().unwrap_or_default().trim();
        quality > 0 && coding.eq_ignore_ascii_case("gzip")
    })
}

/// The items of a header and their quality in thousandths.
fn items<'h>(
    headers: &'h HeaderMap,
    name: &axum::http::HeaderName,
) -> impl Iterator<Item = (&'h str, u32)> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|item| {
            let quality = item.split(';').find_map(|part| part.trim().strip_prefix("q="));
            (item, quality.map_or(1000, thousandths))
        })
}

/// `0.6` is 600; what is no quality is none.
fn thousandths(text: &str) -> u32 {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = format!("{fraction:0<3.3}");
    match (whole, digits.parse::<u32>()) {
        ("1", _) => 1000,
        ("0", Ok(thousandths)) => thousandths,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: axum::http::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn the_format_liked_best_is_served() {
        for (accept, expected) in [
            ("", Format::Text),
            ("*/*", Format::Text),
            ("text/html", Format::Text),
            ("application/openmetrics-text", Format::OpenMetrics),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                 text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                Format::OpenMetrics,
            ),
            ("text/plain;version=0.0.4;q=0.5,application/openmetrics-text;q=0.25", Format::Text),
            ("text/plain;q=0, application/openmetrics-text;q=0.001", Format::OpenMetrics),
            ("application/openmetrics-text;q=x", Format::Text),
        ] {
            assert_eq!(format(&headers(ACCEPT, accept)), expected, "{accept}");
        }
        assert_eq!(format(&HeaderMap::new()), Format::Text);
    }

    #[test]
    fn gzip_is_for_who_asks() {
        for (accept, expected) in
            [("gzip", true), ("br, GZIP;q=0.5", true), ("gzip;q=0", false), ("identity", false)]
        {
            assert_eq!(gzip(&headers(ACCEPT_ENCODING, accept)), expected, "{accept}");
        }
    }
}
