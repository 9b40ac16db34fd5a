//! The address of a mirror.

use super::Complaint;
use super::host::host;
use crate::words::quote;

/// `text` as a base address without a slash at its end.
pub(crate) fn mirror(text: &str) -> Result<String, Complaint> {
    base("artifacts.mirror", text, fault(text))
}

/// `text` as the base address of what stands for a registry.
pub(crate) fn of_registry(text: &str) -> Result<String, Complaint> {
    let fault = fault(text).or_else(|| {
        text.starts_with("file:").then(|| {
            let help = "write for example `https://mirror.lan` or `http://192.168.1.5:5000`";
            ("no registry can be asked there".to_owned(), help.to_owned())
        })
    });
    base("images.mirrors", text, fault)
}

/// The name of a registry, as images begin with it; `*` for all others.
pub(crate) fn registry(text: &str) -> Result<String, Complaint> {
    let name = text.split(':').next().unwrap_or_default();
    let is_one = name == "localhost" || text.contains(['.', ':']);
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".:-".contains(c);
    if text == "*" || (is_one && !name.is_empty() && text.chars().all(fits)) {
        return Ok(text.to_owned());
    }
    Err(Complaint {
        code: "inventory::mirror",
        message: format!("{} is no name of a registry", quote(text)),
        why: "not the beginning of an image's name".to_owned(),
        help: "write for example `docker.io`, `ghcr.io`, or `*` for all others".to_owned(),
    })
}

fn base(key: &str, text: &str, fault: Option<(String, String)>) -> Result<String, Complaint> {
    match fault {
        None => Ok(text.trim_end_matches('/').to_owned()),
        Some((why, help)) => Err(Complaint {
            code: "inventory::mirror",
            // The address may hold a password: it is underlined, masked, not repeated.
            message: format!("`{key}` is not a usable address"),
            why,
            help,
        }),
    }
}

fn fault(text: &str) -> Option<(String, String)> {
    const EXAMPLES: &str =
        "write for example `https://mirror.lan/terrarium` or `file:///srv/mirror`";
    let fault = |why: &str, help: &str| Some((why.to_owned(), help.to_owned()));
    let in_a_path = text.starts_with("file:");
    if text.contains(|c: char| c.is_control() || (c.is_whitespace() && !in_a_path)) {
        return fault("white space", EXAMPLES);
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return fault("no scheme", EXAMPLES);
    };
    if rest.contains(['?', '#']) {
        return fault("a base address has no `?` or `#`", EXAMPLES);
    }
    match scheme {
        "http" | "https" => in_network(rest),
        "file" if rest.starts_with('/') => None,
        "file" => fault("not an absolute path", "write three slashes: `file:///srv/mirror`"),
        other => Some((
            format!("{} is not understood", quote(other)),
            "the schemes are `https`, `http` and `file`".to_owned(),
        )),
    }
}

fn in_network(rest: &str) -> Option<(String, String)> {
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.contains('@') {
        return Some((
            "a login name or a password".to_owned(),
            "secrets do not belong in an inventory; use a mirror of your network that asks for none"
                .to_owned(),
        ));
    }
    let (name, port) = match authority.strip_prefix('[').and_then(|v6| v6.split_once(']')) {
        Some((v6, after)) => (v6, after.strip_prefix(':')),
        None => match authority.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (authority, None),
        },
    };
    if port.is_some_and(|port| !matches!(port.parse::<u16>(), Ok(1..))) {
        return Some(("not a port".to_owned(), "a port is 1 to 65535".to_owned()));
    }
    // The mirror is reached from this machine, so its own address will do.
    let this_machine = ["localhost", "127.0.0.1", "::1"].contains(&name);
    match host(name) {
        Err(complaint) if !this_machine => {
            Some((complaint.why, "write the host's name or address".to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{mirror, of_registry, registry};

    #[test]
    fn mirrors_of_registries() {
        for (written, base) in [
            ("https://mirror.lan/", "https://mirror.lan"),
            ("http://192.168.1.5:5000/cache", "http://192.168.1.5:5000/cache"),
        ] {
            assert_eq!(of_registry(written).as_deref(), Ok(base));
        }
        for bad in ["mirror.lan", "file:///srv/mirror", "https://me:secret@mirror.lan", "ftp://a"] {
            let complaint = of_registry(bad).expect_err(bad);
            assert!(!format!("{complaint:?}").contains("me:"), "{complaint:?}");
        }
        for name in ["*", "docker.io", "localhost", "reg:5000", "10.0.0.5:5000"] {
            assert_eq!(registry(name).as_deref(), Ok(name));
        }
        for bad in ["", "docker", "https://docker.io", "Docker.io", ":5000", "docker.io/library"] {
            assert!(registry(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn mirrors() {
        for (written, base) in [
            ("https://mirror.lan", "https://mirror.lan"),
            ("https://mirror.lan/", "https://mirror.lan"),
            ("http://10.0.0.5:8080/a/b/", "http://10.0.0.5:8080/a/b"),
            ("http://[fd00::1]:8080/a", "http://[fd00::1]:8080/a"),
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("http://localhost:8000", "http://localhost:8000"),
            ("file:///srv/mirror", "file:///srv/mirror"),
            ("file:///srv/my mirror", "file:///srv/my mirror"),
        ] {
            assert_eq!(mirror(written).as_deref(), Ok(base), "{written}");
        }
        for bad in [
            "",
            "mirror.lan",
            "ftp://mirror.lan",
            "HTTPS://mirror.lan",
            "https://",
            "https:///x",
            "https://me:secret@mirror.lan",
            "https://mirror.lan:0",
            "https://mirror.lan:x",
            "https://mirror.lan/?a=b",
            "https://mirror.lan/a b",
            "file://srv/mirror",
            "file:srv",
        ] {
            let complaint = mirror(bad).expect_err(bad);
            assert!(!format!("{complaint:?}").contains("me:"), "{bad}: {complaint:?}");
        }
    }
}
