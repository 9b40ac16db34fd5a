//! What an image is called, written out as container runtimes do.

use std::fmt;

/// The registry that is meant where none is written, and what it really answers
/// under.
const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_HOST: &str = "registry-1.docker.io";
/// Docker Hub's folder of what is in no other.
const LIBRARY: &str = "library";

/// An image by its tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reference {
    /// As a runtime calls it: `docker.io`, `ghcr.io`, `10.0.0.9:5000`.
    pub registry: String,
    /// Path in the registry.
    pub repository: String,
    /// Tag.
    pub tag: String,
}

impl Reference {
    /// Of what charts write; `None` for what is no name of an image.
    pub(crate) fn new(repository: &str, tag: &str) -> Option<Self> {
        let (registry, path) = match repository.split_once('/') {
            // What has neither a dot nor a port is a folder of Docker Hub's.
            Some((host, path)) if host == "localhost" || host.contains(['.', ':']) => (host, path),
            _ => (DOCKER_HUB, repository),
        };
        let registry = if registry == "index.docker.io" { DOCKER_HUB } else { registry };
        let of = |text: &str, more: &str| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || more.contains(c))
        };
        let whole = |part: &str| of(part, "._-") && !part.starts_with('.');
        let tag_fits = (1..=128).contains(&tag.len())
            && tag.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
            && !tag.starts_with(['.', '-']);
        if !of(registry, ".-:[]") || !path.split('/').all(whole) || !tag_fits {
            return None;
        }
        let repository = if registry == DOCKER_HUB && !path.contains('/') {
            format!("{LIBRARY}/{path}")
        } else {
            path.to_owned()
        };
        Some(Self { registry: registry.to_owned(), repository, tag: tag.to_owned() })
    }

    /// Where the registry itself answers. Registries of this machine speak plain
    /// HTTP, as runtimes take it.
    pub(super) fn address(&self) -> String {
        let host = if self.registry == DOCKER_HUB { DOCKER_HUB_HOST } else { &self.registry };
        format!("{}://{host}", if is_loopback(host) { "http" } else { "https" })
    }
}

/// Whether a host, with or without a port, is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| {
        host.strip_prefix(name).is_some_and(|port| port.is_empty() || port.starts_with(':'))
    })
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}:{}", self.registry, self.repository, self.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::Reference;

    #[test]
    fn names_are_written_out_as_containerd_does() {
        for (repository, expected, address) in [
            ("redis", "docker.io/library/redis:1", "https://registry-1.docker.io"),
            ("me/it", "docker.io/me/it:1", "https://registry-1.docker.io"),
            ("docker.io/redis", "docker.io/library/redis:1", "https://registry-1.docker.io"),
            ("index.docker.io/a/b", "docker.io/a/b:1", "https://registry-1.docker.io"),
            ("quay.io/a/b/c", "quay.io/a/b/c:1", "https://quay.io"),
            ("localhost/a", "localhost/a:1", "http://localhost"),
            ("reg:5000/a", "reg:5000/a:1", "https://reg:5000"),
            ("127.0.0.1:5000/a", "127.0.0.1:5000/a:1", "http://127.0.0.1:5000"),
        ] {
            let reference = Reference::new(repository, "1").unwrap();
            assert_eq!(reference.to_string(), expected);
            assert_eq!(reference.address(), address);
        }
    }

    #[test]
    fn what_is_no_name_of_an_image_is_none() {
        for (repository, tag) in [
            ("", "1"),
            ("Redis", "1"),
            ("quay.io/a//b", "1"),
            ("quay.io/../../etc", "1"),
            ("quay.io/a?b", "1"),
            ("quay.io/a@b/c", "1"),
            ("user@quay.io/a", "1"),
            ("a b/c", "1"),
            ("redis", ""),
            ("redis", "a/b"),
            ("redis", "-1"),
            ("redis", "1 2"),
        ] {
            assert_eq!(Reference::new(repository, tag), None, "{repository}:{tag}");
        }
    }
}
