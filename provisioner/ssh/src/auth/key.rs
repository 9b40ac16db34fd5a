//! Private key files, and what keeps one from being used.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::keys::{self, Certificate, PrivateKey, PublicKey};
use zeroize::Zeroizing;

use super::attempt::Outcome;
use super::rsa::RsaKey;
use crate::secret::Secret;

/// Why a key file cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum KeyProblem {
    Missing,
    Encrypted,
    Unreadable(String),
}

/// A private key that can be used.
#[derive(Debug, Clone)]
pub(super) enum Key {
    /// One the library signs with.
    Own(Arc<PrivateKey>),
    Rsa(RsaKey),
}

impl Key {
    fn of(key: PrivateKey) -> Result<Self, KeyProblem> {
        match RsaKey::of_openssh(&key) {
            Some(rsa) => rsa.map(Self::Rsa).map_err(KeyProblem::Unreadable),
            None => Ok(Self::Own(Arc::new(key))),
        }
    }

    pub(super) fn public(&self) -> &PublicKey {
        match self {
            Self::Own(key) => key.public_key(),
            Self::Rsa(key) => &key.public,
        }
    }
}

impl From<KeyProblem> for Outcome {
    fn from(problem: KeyProblem) -> Self {
        match problem {
            KeyProblem::Missing => Self::Unusable("no such file".to_owned()),
            KeyProblem::Encrypted => Self::Encrypted,
            KeyProblem::Unreadable(why) => Self::Unusable(why),
        }
    }
}

const OLD_FORM: &str = "it is encrypted in the old PEM form, which is not supported: `ssh-keygen -p \
                        -f` with it writes OpenSSH's own";

pub(super) fn load_key(path: &Path) -> Result<Key, KeyProblem> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new).unwrap_or_default();
    if let Some(rsa) = RsaKey::of_pem(&text) {
        return rsa.map(Key::Rsa).map_err(KeyProblem::Unreadable);
    }
    match keys::load_secret_key(path, None) {
        Ok(key) if key.is_encrypted() => Err(KeyProblem::Encrypted),
        Ok(key) => Key::of(key),
        Err(keys::Error::KeyIsEncrypted) if !is_old_form(path) => Err(KeyProblem::Encrypted),
        Err(keys::Error::IO(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(KeyProblem::Missing)
        }
        Err(_) if is_old_form(path) => Err(KeyProblem::Unreadable(OLD_FORM.to_owned())),
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
    key: Key,
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
        Some(Self { path: path.to_owned(), key: Key::of(key).ok()? })
    }

    pub(super) fn of(keys: &[Self], path: &Path) -> Option<Key> {
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

/// The certificates beside these keys' files and in those named elsewhere, each once.
pub(super) fn certificates(
    keys: impl Iterator<Item = PathBuf>,
    named: &[PathBuf],
) -> Vec<(PathBuf, Certificate)> {
    let mut seen = BTreeSet::new();
    let beside = keys.map(|path| with_suffix(&path, "-cert.pub"));
    let files = beside.chain(named.iter().cloned()).filter(|file| seen.insert(file.clone()));
    let read = files.filter_map(|file| {
        let certificate = keys::load_openssh_certificate(&file).ok()?;
        Some((file, certificate))
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
        keygen(&at("rsa_pkcs8"), &["-t", "rsa", "-b", "2048", "-N", "", "-m", "PKCS8"]);
        keygen(&at("elliptic_pkcs8"), &["-t", "ecdsa", "-N", "", "-m", "PKCS8"]);
        keygen(&at("rsa_locked_pem"), &["-t", "rsa", "-N", "passphrase", "-m", "PEM"]);
        std::fs::write(at("garbage"), "not a key").expect("written");

        assert!(load_key(&at("plain")).is_ok());
        assert!(load_key(&at("elliptic")).is_ok());
        for name in ["rsa", "rsa_pem", "rsa_pkcs8"] {
            let key = load_key(&at(name)).expect(name);
            let public = public_half(&at(name)).expect(name);
            assert_eq!(key.public().key_data(), public.key_data(), "{name}");
        }
        for (name, problem) in [("locked", KeyProblem::Encrypted), ("absent", KeyProblem::Missing)]
        {
            assert_eq!(load_key(&at(name)).err(), Some(problem), "{name}");
        }
        assert!(load_key(&at("elliptic_pkcs8")).is_ok());
        for name in ["garbage", "locked_pem", "locked_pkcs8", "rsa_locked_pem"] {
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
