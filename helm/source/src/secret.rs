//! Passwords and tokens: read from files, never shown.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Bytes a secret may have; a longer file is some other file.
const SIZE_MAX: usize = 4096;

/// A text that no log and no error may show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Why a secret cannot be had from its file.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("cannot read a secret")]
    Read(#[source] io::Error),
    /// The file holds something else.
    #[error("{} holds no secret: expected one line of printable ASCII", path.display())]
    Content {
        /// The file.
        path: PathBuf,
    },
}

impl Secret {
    /// The secret in the file at `path`; a newline at its end is not part of it.
    pub fn read(path: &Path) -> Result<Self, SecretError> {
        let text = fs_err::read_to_string(path).map_err(SecretError::Read)?;
        let secret = text.trim_end_matches(['\r', '\n']);
        let fits = (1..=SIZE_MAX).contains(&secret.len());
        if !fits || !secret.bytes().all(|byte| matches!(byte, b'!'..=b'~')) {
            return Err(SecretError::Content { path: path.to_owned() });
        }
        Ok(Self(secret.to_owned()))
    }

    /// The secret itself, for where it is used.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_one_line_and_is_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        for (content, expected) in [
            ("s3cret", Some("s3cret")),
            ("s3cret\n", Some("s3cret")),
            ("s3cret\r\n", Some("s3cret")),
            ("", None),
            ("\n", None),
            ("two\nlines", None),
            ("a space", None),
            ("schlüssel", None),
        ] {
            std::fs::write(&path, content).unwrap();
            let read = Secret::read(&path);
            assert_eq!(read.as_ref().ok().map(Secret::reveal), expected, "{content:?}");
            assert!(!format!("{read:?}").contains("s3cret"));
        }
        assert!(matches!(Secret::read(&folder.path().join("none")), Err(SecretError::Read(_))));
    }
}
