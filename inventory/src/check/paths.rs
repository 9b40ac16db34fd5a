//! Paths: `~` is the operator's home, and what is relative is relative to the
//! inventory.

use std::path::{Path, PathBuf};

use super::Complaint;
use crate::words::quote;

/// What paths in an inventory are relative to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Anchor<'a> {
    /// The folder of the inventory.
    pub(crate) folder: &'a Path,
    /// The home directory, when one is known.
    pub(crate) home: Option<&'a Path>,
}

impl Anchor<'_> {
    /// Where `text` leads.
    pub(crate) fn path(&self, text: &str) -> Result<PathBuf, Complaint> {
        let complaint = |why: &str, help: &str| Complaint {
            code: "inventory::path",
            message: format!("{} cannot be a path", quote(text)),
            why: why.to_owned(),
            help: help.to_owned(),
        };
        if text.is_empty() {
            return Err(complaint("it is empty", "write where the file is, or leave the key out"));
        }
        if text.contains('\0') {
            return Err(complaint("a NUL character", "write the path without it"));
        }
        let Some(below) = text.strip_prefix('~') else {
            return Ok(plain(&self.folder.join(text)));
        };
        if !below.is_empty() && !below.starts_with('/') {
            return Err(complaint(
                "another user's home",
                "only `~/` is understood; write the whole path",
            ));
        }
        match self.home {
            Some(home) => Ok(plain(&home.join(below.trim_start_matches('/')))),
            None => Err(complaint(
                "the home directory is not known",
                "set HOME, or write the whole path",
            )),
        }
    }

    /// Where a private key is; a public key is the usual slip.
    pub(crate) fn private_key(&self, text: &str) -> Result<PathBuf, Complaint> {
        if let Some(private) = text.strip_suffix(".pub") {
            return Err(Complaint {
                code: "inventory::identity",
                message: format!("{} is a public key", quote(text)),
                why: "the private key belongs here".to_owned(),
                help: format!("write {}", quote(private)),
            });
        }
        self.path(text)
    }
}

/// Without the `.` between slashes; `..` stays, it may cross a link.
fn plain(path: &Path) -> PathBuf {
    path.components().collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Anchor;

    #[test]
    fn paths() {
        let anchor = Anchor { folder: Path::new("/srv/pis"), home: Some(Path::new("/home/me")) };
        for (written, leads) in [
            ("key", "/srv/pis/key"),
            ("./keys/../key", "/srv/pis/keys/../key"),
            ("/etc/key", "/etc/key"),
            ("~", "/home/me"),
            ("~/.ssh/id", "/home/me/.ssh/id"),
            ("~//x", "/home/me/x"),
            ("a~b", "/srv/pis/a~b"),
        ] {
            assert_eq!(anchor.path(written).as_deref(), Ok(Path::new(leads)), "{written}");
        }
        for bad in ["", "a\0b", "~root/key"] {
            assert!(anchor.path(bad).is_err(), "{bad:?}");
        }
        assert!(anchor.private_key("~/.ssh/id_ed25519.pub").is_err());
        assert!(anchor.private_key("~/.ssh/id_ed25519").is_ok());
        let homeless = Anchor { home: None, ..anchor };
        assert!(homeless.path("~/x").is_err());
        assert!(homeless.path("x").is_ok());
    }
}
