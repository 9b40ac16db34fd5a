//! Names of Debian packages.

use super::Complaint;
use crate::words::quote;

/// `text` as the name of a Debian package.
pub(crate) fn package(text: &str) -> Result<String, Complaint> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+.-".contains(c);
    let first = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    // apt-get would remove a package whose name has a hyphen behind it.
    let removed = text.ends_with('-');
    if text.len() >= 2 && text.chars().all(allowed) && text.starts_with(first) && !removed {
        return Ok(text.to_owned());
    }
    Err(Complaint {
        code: "inventory::package",
        message: format!("{} is not the name of a Debian package", quote(text)),
        why: "not a package name".to_owned(),
        help: match text.split_once(['=', ':', '/']) {
            Some((name, _)) if package(name).is_ok() => {
                format!("write `{name}`: the node's own sources decide on version and architecture")
            }
            _ => "lower-case letters, digits, `+`, `-` and `.`; `apt-cache search` finds names"
                .to_owned(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::package;

    #[test]
    fn packages() {
        for name in ["htop", "g++", "libc6", "nfs-common", "7zip", "python3.13"] {
            assert_eq!(package(name).as_deref(), Ok(name));
        }
        for bad in ["", "a", "Htop", "-y", "a b", "htop; reboot", "--purge", "+x", "ä", "htop-"] {
            assert!(package(bad).is_err(), "{bad}");
        }
        for bad in ["htop=3.2", "htop:arm64", "htop/trixie"] {
            assert!(package(bad).expect_err(bad).help.starts_with("write `htop`"), "{bad}");
        }
    }
}
