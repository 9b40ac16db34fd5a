//! Private key files, and what keeps one from being used.

use std::path::{Path, PathBuf};

use russh::keys::ssh_key::public::KeyData;
use russh::keys::{self, Algorithm, Certificate, PrivateKey, PublicKey};

use super::attempt::Outcome;
use crate::secret::Secret;

/// Why a key file cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum KeyProblem {
    Missing,
    Encrypted,
    Rsa,
    Unreadable(String),
}

impl From<KeyProblem> for Outcome {
    fn from(problem: KeyProblem) -> Self {
        match problem {
            KeyProblem::Missing => Self::Unusable("no such file".to_owned()),
            KeyProblem::Encrypted => Self::Encrypted,
            KeyProblem::Rsa => Self::Rsa,
            KeyProblem::Unreadable(why) => Self::Unusable(why),
        }
    }
}

pub(super) fn load_key(path: &Path) -> Result<PrivateKey, KeyProblem> {
    match keys::load_secret_key(path, None) {
        Ok(key) if matches!(key.algorithm(), Algorithm::Rsa { .. }) => Err(KeyProblem::Rsa),
        Ok(key) if key.is_encrypted() => Err(KeyProblem::Encrypted),
        Ok(key) => Ok(key),
        Err(keys::Error::KeyIsEncrypted) if is_old_form(path) => Err(KeyProblem::Unreadable(
            "it is encrypted in the old PEM form, which is not supported: `ssh-keygen -p -f` with \
             it writes OpenSSH's own"
                .to_owned(),
        )),
        Err(keys::Error::KeyIsEncrypted) => Err(KeyProblem::Encrypted),
        Err(keys::Error::IO(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(KeyProblem::Missing)
        }
        // Old PEM files of RSA keys do not parse without RSA support.
        Err(_)
            if public_half(path)
                .is_some_and(|key| matches!(key.algorithm(), Algorithm::Rsa { .. })) =>
        {
            Err(KeyProblem::Rsa)
        }
        Err(error) => Err(KeyProblem::Unreadable(error.to_string())),
    }
}

/// Encrypted as `OpenSSL` did it before PKCS #8: no passphrase opens it here.
fn is_old_form(path: &Path) -> bool {
    std::fs::read_to_string(path).is_ok_and(|text| text.contains("\nProc-Type: 4,ENCRYPTED"))
}

/// A private key whose passphrase was given.
#[derive(Clone)]
pub struct Unlocked {
    path: PathBuf,
    key: PrivateKey,
}

impl std::fmt::Debug for Unlocked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Unlocked").field(&self.path).finish()
    }
}

impl Unlocked {
    /// With this passphrase; `None` when it is another.
    pub fn with(path: &Path, passphrase: &Secret) -> Option<Self> {
        let key = keys::load_secret_key(path, Some(passphrase.expose())).ok()?;
        Some(Self { path: path.to_owned(), key })
    }

    pub(super) fn of(keys: &[Self], path: &Path) -> Option<PrivateKey> {
        keys.iter().find(|key| key.path == path).map(|key| key.key.clone())
    }
}

/// Whether a key file could be used, were its passphrase known.
pub fn is_locked(path: &Path) -> bool {
    load_key(path).err() == Some(KeyProblem::Encrypted)
}

/// The public key of a file: beside the private one, as `ssh-keygen` leaves it, or
/// the file itself, where the agent has the private one; a private key in
/// OpenSSH's form shows it without its passphrase.
pub(super) fn public_half(path: &Path) -> Option<PublicKey> {
    keys::load_public_key(with_suffix(path, ".pub"))
        .or_else(|_| keys::load_public_key(path))
        .ok()
        .or_else(|| PrivateKey::read_openssh_file(path).ok().map(|key| key.public_key().clone()))
}

/// The certificates for a key: beside its file, and those named elsewhere.
pub(super) fn certificates(
    path: &Path,
    named: &[PathBuf],
    key: &KeyData,
) -> Vec<(PathBuf, Certificate)> {
    let beside = with_suffix(path, "-cert.pub");
    let files = std::iter::once(beside).chain(named.iter().cloned());
    let read = files.filter_map(|file| {
        let certificate = keys::load_openssh_certificate(&file).ok()?;
        (certificate.public_key() == key).then_some((file, certificate))
    });
    read.collect()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn keygen(path: &Path, arguments: &[&str]) {
        let output = Command::new("ssh-keygen")
            .args(["-q", "-f"])
            .arg(path)
            .args(arguments)
            .output()
            .expect("ssh-keygen runs");
        assert!(output.status.success(), "{output:?}");
    }

    #[test]
    fn key_files_and_what_is_wrong_with_them() {
        let dir = tempfile::tempdir().expect("a directory");
        let at = |name: &str| dir.path().join(name);
        keygen(&at("plain"), &["-t", "ed25519", "-N", ""]);
        keygen(&at("elliptic"), &["-t", "ecdsa", "-N", ""]);
        keygen(&at("locked"), &["-t", "ed25519", "-N", "passphrase"]);
        keygen(&at("locked_pem"), &["-t", "ecdsa", "-N", "passphrase", "-m", "PEM"]);
        keygen(&at("locked_pkcs8"), &["-t", "ecdsa", "-N", "passphrase", "-m", "PKCS8"]);
        keygen(&at("rsa"), &["-t", "rsa", "-b", "2048", "-N", ""]);
        keygen(&at("rsa_pem"), &["-t", "rsa", "-b", "2048", "-N", "", "-m", "PEM"]);
        std::fs::write(at("garbage"), "not a key").expect("written");

        assert!(load_key(&at("plain")).is_ok());
        assert!(load_key(&at("elliptic")).is_ok());
        for (name, problem) in [
            ("locked", KeyProblem::Encrypted),
            ("rsa", KeyProblem::Rsa),
            ("rsa_pem", KeyProblem::Rsa),
            ("absent", KeyProblem::Missing),
        ] {
            assert_eq!(load_key(&at(name)).err(), Some(problem), "{name}");
        }
        for name in ["garbage", "locked_pem", "locked_pkcs8"] {
            assert!(matches!(load_key(&at(name)), Err(KeyProblem::Unreadable(_))), "{name}");
        }
        for (name, locked) in [
            ("locked", true),
            ("locked_pem", false),
            ("plain", false),
            ("rsa", false),
            ("absent", false),
        ] {
            assert_eq!(is_locked(&at(name)), locked, "{name}");
        }
        let unlock = |text: &str| Unlocked::with(&at("locked"), &Secret::new(text));
        assert!(unlock("passphrase").is_some() && unlock("another").is_none());
    }
}
