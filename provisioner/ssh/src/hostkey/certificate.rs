//! Host certificates: whether an authority that a `known_hosts` file trusts for the
//! host vouches for the key it shows. The rules are OpenSSH's.

use std::fmt;
use std::time::SystemTime;

use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512};
use ring::signature::{RsaParameters, RsaPublicKeyComponents};
use russh::keys::ssh_key::certificate::CertType;
use russh::keys::ssh_key::public::{KeyData, RsaPublicKey};
use russh::keys::{Algorithm, Certificate, HashAlg, PublicKey};

use super::{Entry, Marker, RevokedHostKey, fingerprint, wildcard};

/// What an authority's signature is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Vouched {
    /// An authority that is trusted for the host vouches for its key.
    Yes,
    /// The authority's key or the host's must never be accepted.
    Revoked(RevokedHostKey),
    /// The certificate is worth nothing; the key may still be known by itself.
    No(Unvouched),
}

/// Why a host certificate is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unvouched {
    /// It is for a person who logs in, not for a host.
    ForPeople,
    /// No line trusts the authority with this fingerprint for the host.
    Authority(String),
    NotYet,
    Expired,
    /// It is for hosts of these names.
    Names(Vec<String>),
    /// It demands what this program does not know.
    Demands(String),
    Signature,
}

impl fmt::Display for Unvouched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForPeople => f.write_str("it is for a user and not for a host"),
            Self::Authority(fingerprint) => {
                write!(f, "no line of known_hosts trusts its authority {fingerprint} for this host")
            }
            Self::NotYet => f.write_str("it is not valid yet, by the clock of this machine"),
            Self::Expired => f.write_str("it has expired"),
            Self::Names(names) => {
                let names: String = names.join(", ").escape_debug().take(200).collect();
                write!(f, "it is for the host names {names}")
            }
            Self::Demands(option) => {
                let option: String = option.escape_debug().take(60).collect();
                write!(f, "it has the critical option `{option}`, which is not known here")
            }
            Self::Signature => f.write_str("its signature is not its authority's"),
        }
    }
}

/// The lines that say something of certificates: of authorities, and of revoked keys.
pub(crate) fn about_certificates(entries: &[Entry]) -> Vec<Entry> {
    entries.iter().filter(|entry| entry.line.marker != Marker::None).cloned().collect()
}

/// Whether any line trusts an authority for the host, so that a certificate is worth
/// asking for.
pub(crate) fn has_authority(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| entry.line.marker == Marker::CertAuthority)
}

/// The host without its port: what certificates and most authorities' lines name.
pub(crate) fn without_port(name: &str) -> &str {
    name.strip_prefix('[').and_then(|rest| rest.rsplit_once("]:")).map_or(name, |(host, _)| host)
}

/// Judges the certificate of a host by the lines that speak of it.
pub(crate) fn vouched(
    entries: &[Entry],
    name: &str,
    certificate: &Certificate,
    now: SystemTime,
) -> Vouched {
    let blob = |key: &KeyData| PublicKey::from(key.clone()).to_bytes().unwrap_or_default();
    let (authority, host) = (blob(certificate.signature_key()), blob(certificate.public_key()));
    let line = |marker: Marker, blob: &[u8]| {
        let mut lines = entries.iter().filter(|entry| entry.line.marker == marker);
        lines.find(|entry| entry.line.blob.as_deref() == Some(blob))
    };
    for key in [&authority, &host] {
        if let Some(revoked) = line(Marker::Revoked, key) {
            return Vouched::Revoked(RevokedHostKey { recorded: revoked.recorded() });
        }
    }
    if line(Marker::CertAuthority, &authority).is_none() {
        return Vouched::No(Unvouched::Authority(fingerprint(&authority)));
    }
    match fault(certificate, without_port(name), now) {
        None => Vouched::Yes,
        Some(fault) => Vouched::No(fault),
    }
}

/// What is wrong with a certificate of a trusted authority.
fn fault(certificate: &Certificate, host: &str, now: SystemTime) -> Option<Unvouched> {
    if certificate.cert_type() != CertType::Host {
        return Some(Unvouched::ForPeople);
    }
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    if now < certificate.valid_after() {
        return Some(Unvouched::NotYet);
    }
    if now >= certificate.valid_before() {
        return Some(Unvouched::Expired);
    }
    // Without any name it is for every host.
    let names = certificate.valid_principals();
    if !names.is_empty() && !names.iter().any(|name| wildcard(&name.to_ascii_lowercase(), host)) {
        return Some(Unvouched::Names(names.to_vec()));
    }
    if let Some((option, _)) = certificate.critical_options().iter().next() {
        return Some(Unvouched::Demands(option.clone()));
    }
    (!is_signed(certificate, now)).then_some(Unvouched::Signature)
}

fn is_signed(certificate: &Certificate, now: u64) -> bool {
    match certificate.signature_key() {
        // The SSH library is built without its RSA.
        KeyData::Rsa(key) => is_signed_by_rsa(certificate, key).unwrap_or(false),
        key => certificate.validate_at(now, &[key.fingerprint(HashAlg::Sha256)]).is_ok(),
    }
}

/// `None` for what is no such signature; one over SHA-1 is none either.
fn is_signed_by_rsa(certificate: &Certificate, key: &RsaPublicKey) -> Option<bool> {
    let signature = certificate.signature();
    let algorithm = signature.algorithm();
    let parameters: &RsaParameters = match algorithm {
        Algorithm::Rsa { hash: Some(HashAlg::Sha512) } => &RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Rsa { hash: Some(HashAlg::Sha256) } => &RSA_PKCS1_2048_8192_SHA256,
        _ => return None,
    };
    let bytes = certificate.to_bytes().ok()?;
    // What is signed is all before the signature, which is two strings in a third.
    let end = 4 + (4 + algorithm.as_str().len()) + (4 + signature.as_bytes().len());
    let signed = bytes.get(..bytes.len().checked_sub(end)?)?;
    let (n, e) = (key.n().as_positive_bytes()?, key.e().as_positive_bytes()?);
    let key = RsaPublicKeyComponents { n, e };
    Some(key.verify(parameters, signed, signature.as_bytes()).is_ok())
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::time::Duration;

    use russh::keys::load_openssh_certificate;

    use super::super::{Line, read};
    use super::*;

    /// A folder with an authority and a host's key.
    struct Keys(tempfile::TempDir);

    impl Keys {
        fn new(authority: &[&str]) -> Self {
            let keys = Self(tempfile::tempdir().unwrap());
            keys.keygen(&[&["-f", "authority", "-N", ""], authority].concat());
            keys.keygen(&["-f", "host", "-N", "", "-t", "ed25519"]);
            keys
        }

        fn at(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn keygen(&self, arguments: &[&str]) {
            let mut program = Command::new("ssh-keygen");
            let made = program.arg("-q").args(arguments).current_dir(self.0.path()).output();
            let made = made.unwrap();
            assert!(made.status.success(), "{made:?}");
        }

        /// What `ssh-keygen` signs with these arguments.
        fn certificate(&self, arguments: &[&str]) -> Certificate {
            let always = ["-s", "authority", "-I", "host"];
            self.keygen(&[&always, arguments, &["host.pub"]].concat());
            load_openssh_certificate(self.at("host-cert.pub")).unwrap()
        }

        /// The lines of a `known_hosts` file with this before the key of that name.
        fn entries(&self, before: &str, key: &str, name: &str) -> Vec<Entry> {
            let key = std::fs::read_to_string(self.at(&format!("{key}.pub"))).unwrap();
            std::fs::write(self.at("known_hosts"), format!("{before} {key}")).unwrap();
            read(Path::new(&self.at("known_hosts")), name).unwrap()
        }
    }

    fn after(days: u64) -> SystemTime {
        SystemTime::now() + Duration::from_hours(24 * days)
    }

    #[test]
    fn authorities_of_every_algorithm_vouch_for_the_names_on_the_certificate() {
        let kinds: [&[&str]; 6] = [
            &["-t", "ed25519"],
            &["-t", "ecdsa", "-b", "256"],
            &["-t", "ecdsa", "-b", "384"],
            &["-t", "ecdsa", "-b", "521"],
            &["-t", "rsa", "-b", "2048"],
            &["-t", "rsa", "-b", "3072"],
        ];
        for kind in kinds {
            let keys = Keys::new(kind);
            for (lines, name, names, yes) in [
                ("@cert-authority *", "pi-1", "pi-1,pi-1.lan", true),
                ("@cert-authority *.lan", "pi-1.lan", "pi-1,pi-1.lan", true),
                ("@cert-authority *.lan", "[pi-1.lan]:2222", "pi-1.lan", true),
                ("@cert-authority [pi-1.lan]:2222", "[pi-1.lan]:2222", "*.lan", true),
                ("@cert-authority *", "pi-1", "pi-10", false),
                ("@cert-authority *", "pi-1", "PI-1", true),
            ] {
                let certificate = keys.certificate(&["-h", "-n", names]);
                let entries = keys.entries(lines, "authority", name);
                let found = vouched(&entries, name, &certificate, after(0));
                assert_eq!(
                    found == Vouched::Yes,
                    yes,
                    "{kind:?} {lines} {name} {names}: {found:?}"
                );
            }
            let without_names = keys.certificate(&["-h"]);
            let entries = keys.entries("@cert-authority *", "authority", "pi-1");
            assert_eq!(vouched(&entries, "pi-1", &without_names, after(0)), Vouched::Yes);
        }
    }

    #[test]
    fn signatures_that_others_made_or_over_sha_1_are_worth_nothing() {
        for (kind, hash) in
            [("ed25519", None), ("ecdsa", None), ("rsa", None), ("rsa", Some("ssh-rsa"))]
        {
            let keys = Keys::new(&["-t", kind]);
            let mut arguments = vec!["-h", "-n", "pi-1"];
            if let Some(hash) = hash {
                arguments.extend(["-t", hash]);
            }
            let certificate = keys.certificate(&arguments);
            let entries = keys.entries("@cert-authority *", "authority", "pi-1");
            let at_first = vouched(&entries, "pi-1", &certificate, after(0));
            if hash.is_some() {
                assert_eq!(at_first, Vouched::No(Unvouched::Signature));
                continue;
            }
            assert_eq!(at_first, Vouched::Yes, "{kind}");
            // Any other byte, wherever it stands, is another certificate or none.
            let bytes = certificate.to_bytes().unwrap();
            for at in (0..bytes.len()).step_by(3) {
                let mut changed = bytes.clone();
                changed[at] ^= 1;
                let Ok(changed) = Certificate::from_bytes(&changed) else { continue };
                let found = vouched(&entries, "pi-1", &changed, after(0));
                assert_ne!(found, Vouched::Yes, "{kind}: byte {at} of {}", bytes.len());
            }
        }
    }

    #[test]
    fn each_fault_of_a_certificate_is_told() {
        let keys = Keys::new(&["-t", "ed25519"]);
        let trusted = keys.entries("@cert-authority *", "authority", "pi-1");
        let other = keys.entries("@cert-authority *", "host", "pi-1");
        let recorded = keys.entries("*", "authority", "pi-1");
        let for_host = ["-h", "-n", "pi-1", "-V", "-1d:+10d"];
        let table: [(&[Entry], &[&str], u64, &str); 8] = [
            (&trusted, &["-n", "pi-1"], 0, "for a user"),
            (&trusted, &["-h", "-n", "pi-2,pi-3"], 0, "for the host names pi-2, pi-3"),
            (&trusted, &["-h", "-n", "pi-1", "-V", "+1d:+2d"], 0, "not valid yet"),
            (&trusted, &for_host, 11, "has expired"),
            (&trusted, &["-h", "-n", "pi-1", "-O", "critical:x@y=z"], 0, "option `x@y`"),
            (&other, &for_host, 0, "trusts its authority SHA256:"),
            (&[], &for_host, 0, "trusts its authority SHA256:"),
            // A key of a host is no authority.
            (&recorded, &for_host, 0, "trusts its authority SHA256:"),
        ];
        for (entries, arguments, days, part) in table {
            let certificate = keys.certificate(arguments);
            match vouched(entries, "pi-1", &certificate, after(days)) {
                Vouched::No(why) => assert!(why.to_string().contains(part), "{part}: {why}"),
                other => panic!("{part}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_revoked_key_or_authority_is_never_accepted() {
        let keys = Keys::new(&["-t", "ed25519"]);
        let certificate = keys.certificate(&["-h"]);
        for key in ["authority", "host"] {
            let mut entries = keys.entries("@cert-authority *", "authority", "pi-1");
            entries.extend(keys.entries("@revoked *", key, "pi-1"));
            let found = vouched(&entries, "pi-1", &certificate, after(0));
            assert!(matches!(found, Vouched::Revoked(_)), "{key}: {found:?}");
        }
    }

    #[test]
    fn an_authoritys_line_is_read_for_the_host_without_its_port_and_a_keys_is_not() {
        let keys = Keys::new(&["-t", "ed25519"]);
        let count = |before: &str| keys.entries(before, "authority", "[pi-1]:2222").len();
        assert_eq!(
            [count("@cert-authority pi-1"), count("pi-1"), count("@revoked pi-1")],
            [1, 0, 0]
        );
        assert_eq!(without_port("[fe80::1]:22"), "fe80::1");
        assert!(Line::parse("@cert-authority").is_none());
    }
}
