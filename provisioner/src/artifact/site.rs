//! A base address and what lies under it.

use std::fmt;
use std::fmt::Write as _;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256 as Hasher};
use terrarium_k3s::sums::Sha256;

use super::{FetchError, Origin};

/// A checked base address.
#[derive(Debug)]
pub(super) enum Site {
    Http { base: String, key: String },
    File { dir: PathBuf, key: String },
}

/// One file's address. Displayed without any credentials in it.
#[derive(Debug, Clone)]
pub(super) enum Address {
    Http(String),
    File(PathBuf),
}

impl Site {
    pub(super) fn of(origin: &Origin) -> Result<Self, FetchError> {
        let (base, public) = match origin {
            Origin::Public(base) => (base, true),
            Origin::Mirror(base) => (base, false),
        };
        let base = base.trim_end_matches('/');
        let refused = |reason| FetchError::Origin { base: without_credentials(base), reason };
        // Two origins may hold different files under one name: each has its own
        // corner of the cache.
        let key = if public {
            host(base).unwrap_or("public").to_owned()
        } else {
            let digest = Sha256::new(Hasher::digest(base).into()).to_string();
            format!("mirror-{}", &digest[..12])
        };
        if let Some(path) = base.strip_prefix("file://") {
            let dir =
                decode(path).ok_or_else(|| refused("its path is not percent-encoded UTF-8"))?;
            if !dir.starts_with('/') {
                return Err(refused("a file address is `file:///absolute/path`"));
            }
            return Ok(Self::File { dir: PathBuf::from(dir), key });
        }
        match host(base) {
            Some(host) if !host.is_empty() => Ok(Self::Http { base: base.to_owned(), key }),
            Some(_) => Err(refused("it names no host")),
            None => Err(refused("it must begin with https://, http:// or file://")),
        }
    }

    pub(super) fn address(&self, path: &str) -> Address {
        match self {
            Self::Http { base, .. } => Address::Http(format!("{base}/{}", encode(path))),
            Self::File { dir, .. } => Address::File(dir.join(path)),
        }
    }

    /// A directory name for the cache.
    pub(super) fn cache_key(&self) -> &str {
        match self {
            Self::Http { key, .. } | Self::File { key, .. } => key,
        }
    }

    pub(super) const fn is_local(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    pub(super) fn is_loopback(&self) -> bool {
        let Self::Http { base, .. } = self else { return false };
        let host = host(base).unwrap_or_default();
        ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| {
            host.strip_prefix(name).is_some_and(|port| port.is_empty() || port.starts_with(':'))
        })
    }

    /// Whether anybody between can read and change what comes.
    pub(super) fn is_plain_http(&self) -> bool {
        matches!(self, Self::Http { .. }) && !self.is_https()
    }

    pub(super) fn is_https(&self) -> bool {
        matches!(self, Self::Http { base, .. } if base.starts_with("https://"))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(url) => f.write_str(&without_credentials(url)),
            Self::File(path) => write!(f, "file://{}", path.display()),
        }
    }
}

/// Host and port of an HTTP address.
fn host(base: &str) -> Option<&str> {
    let rest = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"))?;
    let authority = rest.split('/').next().unwrap_or(rest);
    Some(authority.rsplit('@').next().unwrap_or(authority))
}

/// `https://user:password@host/` is a password in an error message.
pub(super) fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or(authority);
    format!("{scheme}://{host}{path}")
}

/// Percent-encodes all that has a meaning in an address: a `+` is a space to
/// some servers.
fn encode(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let value = digit(rest.next()?)? << 4 | digit(rest.next()?)?;
        bytes.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::{Origin, Site};

    fn address(base: &str, path: &str) -> String {
        Site::of(&Origin::Mirror(base.into())).unwrap().address(path).to_string()
    }

    #[test]
    fn addresses() {
        let path = "download/v1.34.4+k3s1/k3s-arm64";
        for (base, expected) in [
            ("https://github.com", "https://github.com/download/v1.34.4%2Bk3s1/k3s-arm64"),
            (
                "http://10.0.0.9:8080/pub//",
                "http://10.0.0.9:8080/pub/download/v1.34.4%2Bk3s1/k3s-arm64",
            ),
            ("https://me:secret@mirror/x", "https://mirror/x/download/v1.34.4%2Bk3s1/k3s-arm64"),
            ("file:///srv/pub%20lic", "file:///srv/pub lic/download/v1.34.4+k3s1/k3s-arm64"),
        ] {
            assert_eq!(address(base, path), expected, "{base}");
        }
    }

    #[test]
    fn refused_bases() {
        for base in [
            "",
            "mirror.local",
            "ftp://mirror",
            "https://",
            "https:///x",
            "file://relative",
            "file:///%zz",
            "file:///%",
        ] {
            assert!(Site::of(&Origin::Mirror(base.into())).is_err(), "{base}");
        }
        let error = Site::of(&Origin::Mirror("ftp://me:secret@mirror".into())).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn this_machine() {
        for (base, expected) in [
            ("http://127.0.0.1:8080/x", true),
            ("https://me@localhost", true),
            ("http://[::1]:1", true),
            ("http://localhost.example.org", false),
            ("http://127.0.0.10", false),
            ("file:///localhost", false),
        ] {
            assert_eq!(
                Site::of(&Origin::Mirror(base.into())).unwrap().is_loopback(),
                expected,
                "{base}"
            );
        }
    }

    #[test]
    fn each_origin_has_its_own_corner() {
        let key = |origin: Origin| Site::of(&origin).unwrap().cache_key().to_owned();
        let public = key(Origin::Public("https://github.com".into()));
        let mirror = key(Origin::Mirror("https://github.com".into()));
        assert_eq!(public, "github.com");
        assert_ne!(public, mirror);
        assert_ne!(mirror, key(Origin::Mirror("https://other".into())));
        assert_eq!(mirror, key(Origin::Mirror("https://github.com/".into())));
    }
}
