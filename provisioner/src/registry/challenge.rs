//! What a registry that wants a token says about where to get one.

use std::fmt::Write as _;

/// The parameters of a `Bearer` challenge.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Challenge {
    /// Where tokens are to be had.
    pub realm: String,
    /// For whom they are.
    pub service: Option<String>,
}

impl Challenge {
    /// The first `Bearer` challenge of a `WWW-Authenticate` header.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let start = header
            .char_indices()
            .filter(|(at, _)| *at == 0 || header[..*at].ends_with([' ', ',']))
            .find(|(at, _)| {
                header.get(*at..*at + 7).is_some_and(|word| word.eq_ignore_ascii_case("bearer "))
            })?
            .0;
        let mut challenge = Self::default();
        let mut rest = &header[start + 7..];
        while let Some((key, after)) = rest.split_once('=') {
            let (value, after) = value(after)?;
            match key.trim_start_matches([',', ' ']).trim().to_ascii_lowercase().as_str() {
                "realm" => challenge.realm = value,
                "service" => challenge.service = Some(value),
                _ => {}
            }
            rest = after;
        }
        (!challenge.realm.is_empty()).then_some(challenge)
    }

    /// The address that hands out a token to read this repository, to anybody.
    pub(super) fn address(&self, repository: &str) -> String {
        let mut address = self.realm.clone();
        let mut first = !address.contains('?');
        let scope = format!("repository:{repository}:pull");
        let query = [("service", self.service.as_deref()), ("scope", Some(scope.as_str()))];
        for (key, value) in query {
            let Some(value) = value else { continue };
            let _ = write!(address, "{}{key}={}", if first { '?' } else { '&' }, encoded(value));
            first = false;
        }
        address
    }
}

/// A parameter's value and what follows it: a token, or a quoted string.
fn value(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start();
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ']).unwrap_or(text.len());
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            _ => value.push(c),
        }
    }
    None
}

fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Challenge;

    fn address(header: &str) -> Option<String> {
        Challenge::parse(header).map(|challenge| challenge.address("library/redis"))
    }

    #[test]
    fn the_challenges_of_public_registries_lead_to_their_tokens() {
        for (header, expected) in [
            (
                r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/redis:pull""#,
                "https://auth.docker.io/token?service=registry.docker.io&scope=repository:library/redis:pull",
            ),
            (
                r#"bearer realm=https://quay.io/v2/auth, service="quay.io""#,
                "https://quay.io/v2/auth?service=quay.io&scope=repository:library/redis:pull",
            ),
            (
                r#"Basic realm="x", Bearer realm="https://a/t?b=c",error="a\"b=""#,
                "https://a/t?b=c&scope=repository:library/redis:pull",
            ),
            (
                r#"Bearer service="a&scope=x y",realm="https://a/t""#,
                "https://a/t?service=a%26scope%3Dx%20y&scope=repository:library/redis:pull",
            ),
        ] {
            assert_eq!(address(header).as_deref(), Some(expected), "{header}");
        }
        for header in ["", "Basic realm=\"x\"", "Bearer", "Bearer realm=\"open", "Bearer realm="] {
            assert_eq!(address(header), None, "{header}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(header in "\\PC{0,200}", rest in "[Bbearer \",=\\\\é]{0,60}") {
            let _ = address(&header);
            let _ = address(&format!("Bearer {rest}"));
        }
    }
}
