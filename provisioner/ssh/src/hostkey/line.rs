//! One line of a `known_hosts` file, as `sshd(8)` describes it.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// What stands before the host names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marker {
    /// Nothing: the key is the host's.
    None,
    /// `@revoked`: the key must never be accepted.
    Revoked,
    /// `@cert-authority`: the key signs host certificates; it is no host key.
    CertAuthority,
}

/// A line with a key on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) marker: Marker,
    hosts: String,
    /// The key's algorithm, as written.
    pub(crate) algorithm: String,
    /// The key itself; `None` when the base64 is damaged.
    pub(crate) blob: Option<Vec<u8>>,
}

impl Line {
    /// `None` for blank lines, comments, and what has no key on it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split_ascii_whitespace().peekable();
        let first = *fields.peek()?;
        if first.starts_with('#') {
            return None;
        }
        let marker = match first {
            "@revoked" => Marker::Revoked,
            "@cert-authority" => Marker::CertAuthority,
            // An unknown marker changes what the line means in a way this
            // program cannot know; OpenSSH skips such lines too.
            _ if first.starts_with('@') => return None,
            _ => Marker::None,
        };
        if marker != Marker::None {
            fields.next();
        }
        let hosts = fields.next()?.to_owned();
        let algorithm = fields.next()?.to_owned();
        if algorithm.bytes().all(|byte| byte.is_ascii_digit()) {
            // SSH protocol 1: bits, exponent, modulus. Nothing speaks it any more.
            return None;
        }
        let blob = fields.next().and_then(|key| BASE64.decode(key.as_bytes()).ok());
        Some(Self { marker, hosts, algorithm, blob })
    }

    /// The host names that remain when this one is taken out; `None` when the line
    /// would speak of it all the same, by a pattern.
    pub(crate) fn hosts_without(&self, name: &str) -> Option<String> {
        let others = self.hosts.split(',').filter(|pattern| {
            let is_it = pattern.eq_ignore_ascii_case(name) || hashed(pattern, name);
            !pattern.is_empty() && !is_it
        });
        let rest = Self { hosts: others.collect::<Vec<_>>().join(","), ..self.clone() };
        (!rest.matches(name)).then_some(rest.hosts)
    }

    /// Whether the line speaks of this host, given as [`super::recorded_name`] writes it.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let mut matched = false;
        for pattern in self.hosts.split(',').filter(|pattern| !pattern.is_empty()) {
            if let Some(excluded) = pattern.strip_prefix('!') {
                if wildcard(&excluded.to_ascii_lowercase(), name) {
                    return false;
                }
            } else if pattern.starts_with('|') {
                matched |= hashed(pattern, name);
            } else {
                matched |= wildcard(&pattern.to_ascii_lowercase(), name);
            }
        }
        matched
    }
}

/// `|1|salt|hash`: HMAC-SHA1 of the name, keyed with the salt.
fn hashed(pattern: &str, name: &str) -> bool {
    let Some((salt, hash)) = pattern.strip_prefix("|1|").and_then(|rest| rest.split_once('|'))
    else {
        return false;
    };
    let (Ok(salt), Ok(hash)) = (BASE64.decode(salt.as_bytes()), BASE64.decode(hash.as_bytes()))
    else {
        return false;
    };
    Hmac::<Sha1>::new_from_slice(&salt)
        .is_ok_and(|mac| mac.chain_update(name).verify_slice(&hash).is_ok())
}

/// Shell-like match: `*` is any run of characters, `?` any one.
///
/// Greedy with one point to come back to, so the work is at most the product
/// of the two lengths whatever the pattern.
pub(crate) fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((star_p, star_t)) = star else { return false };
                p = star_p + 1;
                t = star_t + 1;
                star = Some((star_p, t));
            }
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

    #[test]
    fn lines_without_a_key_are_nothing() {
        for text in [
            "",
            "   ",
            "# pi-1 ssh-ed25519 AAAA",
            "  #x",
            "pi-1",
            "@revoked",
            "@revoked *",
            "@new pi-1 ssh-ed25519 AAAA",
            "pi-1 1024 35 1234567",
        ] {
            assert_eq!(Line::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn fields_may_be_separated_by_tabs_and_followed_by_a_comment() {
        let line = Line::parse(&format!("\tpi-1\t ssh-ed25519\t{KEY}\tme@laptop of mine"))
            .expect("a line");
        assert_eq!((line.marker, line.algorithm.as_str()), (Marker::None, "ssh-ed25519"));
        assert_eq!(line.blob.map(|blob| blob.len()), Some(51));
    }

    #[test]
    fn a_damaged_key_is_kept_as_damaged() {
        for text in ["pi-1 ssh-ed25519 AAAAC3Nz!!", "pi-1 ssh-ed25519", "pi-1 ssh-ed25519 AAAAC"] {
            let line = Line::parse(text).expect("a line");
            assert!(line.matches("pi-1") && line.blob.is_none(), "{text:?}");
        }
    }

    #[test]
    fn host_patterns() {
        let table = [
            ("pi-1", "pi-1", true),
            ("pi-1", "pi-10", false),
            ("PI-1", "pi-1", true),
            ("a,pi-1,b", "pi-1", true),
            ("[pi-1]:2222", "[pi-1]:2222", true),
            ("[pi-1]:2222", "pi-1", false),
            ("pi-1", "[pi-1]:2222", false),
            ("pi-*", "pi-22", true),
            ("pi-?", "pi-22", false),
            ("*.lan", "pi.lan", true),
            ("*", "::1", true),
            ("*,!pi-1", "pi-1", false),
            ("!pi-1,*", "pi-1", false),
            ("*,!pi-1", "pi-2", true),
            ("!pi-1", "pi-2", false),
            ("10.0.0.*", "10.0.0.7", true),
            ("", "pi-1", false),
            (",", "pi-1", false),
            ("*a*b*c", "xaxbxc", true),
            ("*a*b*c", "xaxcxb", false),
        ];
        for (hosts, name, expected) in table {
            let line = Line::parse(&format!("@revoked {hosts} ssh-ed25519 {KEY}"));
            let found = line.is_some_and(|line| line.matches(name));
            assert_eq!(found, expected, "{hosts:?} against {name:?}");
        }
    }

    #[test]
    fn hashed_names_match_only_their_host() {
        // Salt of twenty zero bytes, hash of `[127.0.0.1]:2222`.
        let mac = Hmac::<Sha1>::new_from_slice(&[0; 20]).expect("any length");
        let hash = BASE64.encode(&mac.chain_update("[127.0.0.1]:2222").finalize().into_bytes());
        let text = format!("|1|{}|{hash} ssh-ed25519 {KEY}", BASE64.encode(&[0; 20]));
        let line = Line::parse(&text).expect("a line");
        assert!(line.matches("[127.0.0.1]:2222"));
        assert!(!line.matches("127.0.0.1"));
        for damaged in ["|1|", "|1||", "|2|AAAA|AAAA", "|1|!|AAAA", "|"] {
            let line = Line::parse(&format!("{damaged} ssh-ed25519 {KEY}")).expect("a line");
            assert!(!line.matches("[127.0.0.1]:2222"), "{damaged}");
        }
    }

    proptest! {
        #[test]
        fn no_line_makes_the_parser_panic(text in "\\PC{0,120}", name in "[a-z0-9.:\\[\\]-]{0,20}") {
            if let Some(line) = Line::parse(&text) {
                let _ = line.matches(&name);
            }
        }

        #[test]
        fn a_star_in_place_of_any_part_still_matches(name in "[a-z0-9.-]{1,20}", from in 0usize..20, to in 0usize..20) {
            let (from, to) = (from.min(name.len()), to.min(name.len()));
            let (from, to) = (from.min(to), from.max(to));
            let pattern = format!("{}*{}", &name[..from], &name[to..]);
            prop_assert!(wildcard(&pattern, &name), "{} {}", pattern, name);
        }
    }
}
