//! A node's SSH host key: the fingerprint OpenSSH prints, or a public key.

use data_encoding::{BASE64, BASE64_NOPAD};
use sha2::{Digest as _, Sha256};

use super::Complaint;
use crate::words::quote;

/// The algorithms a node is asked for; RSA is not among them.
const ALGORITHMS: [&str; 4] =
    ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"];
/// What prints the right one.
const HELP: &str = "on the node, `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints it: \
                    write the part that begins with `SHA256:`";

/// `text` as the fingerprint of a key: `SHA256:` and 43 characters.
pub(crate) fn fingerprint(text: &str) -> Result<String, Complaint> {
    let text = text.trim();
    if text.contains("PRIVATE KEY") {
        // Not to be repeated.
        return Err(complaint(
            "this is not the fingerprint of a host key",
            "a private key, which no file but the node's own may hold",
            HELP,
        ));
    }
    let fault = |why: &str, help: &str| {
        Err(complaint(&format!("{} is not the key of a host", quote(text)), why, help))
    };
    if let Some(digest) = text.strip_prefix("SHA256:") {
        // OpenSSH writes no `=` at the end; other programs do.
        let digest = digest.trim_end_matches('=');
        return match BASE64_NOPAD.decode(digest.as_bytes()) {
            Ok(bytes) if bytes.len() == 32 => Ok(format!("SHA256:{digest}")),
            _ if digest.contains(char::is_whitespace) => fault("more than a fingerprint", HELP),
            _ => fault("not a SHA-256 in base64, which has 43 characters", HELP),
        };
    }
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    match words.as_slice() {
        [algorithm, key, ..] if ALGORITHMS.contains(algorithm) => {
            match BASE64.decode(key.as_bytes()) {
                Ok(blob) if is_key_of(&blob, algorithm) => {
                    Ok(format!("SHA256:{}", BASE64_NOPAD.encode(&Sha256::digest(&blob))))
                }
                _ => fault("the key is damaged", "copy the whole line of the public key's file"),
            }
        }
        [algorithm, _, ..] if algorithm.contains("rsa") => fault(
            "an RSA key, which is not used",
            "use the ed25519 key: /etc/ssh/ssh_host_ed25519_key.pub on the node",
        ),
        [_, algorithm, _, ..] if ALGORITHMS.contains(algorithm) => {
            fault("a line of a known_hosts file", "leave the host in front of the key out")
        }
        [_, print, ..] if print.starts_with("SHA256:") => fault("more than a fingerprint", HELP),
        [text] if text.starts_with("MD5:") || text.matches(':').count() == 15 => {
            fault("an MD5 fingerprint, which can be forged", HELP)
        }
        [] => fault("it is empty", HELP),
        _ => fault("neither a fingerprint nor a public key", HELP),
    }
}

/// No key at all.
pub(crate) fn none() -> Complaint {
    complaint(
        "`host_key` names no key",
        "an empty list",
        "leave `host_key` out to have `known_hosts` decide",
    )
}

fn complaint(message: &str, why: &str, help: &str) -> Complaint {
    Complaint {
        code: "inventory::host-key",
        message: message.to_owned(),
        why: why.to_owned(),
        help: help.to_owned(),
    }
}

/// A key begins with the length and the name of its algorithm.
fn is_key_of(blob: &[u8], algorithm: &str) -> bool {
    let length = u32::try_from(algorithm.len()).unwrap_or(u32::MAX).to_be_bytes();
    blob.strip_prefix(&length)
        .and_then(|rest| rest.strip_prefix(algorithm.as_bytes()))
        .is_some_and(|rest| rest.len() > 32)
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    /// A key and its fingerprint, both of `ssh-keygen`.
    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const PRINT: &str = "SHA256:T7SvZ2cslqpPj6nKzitCBHHlpVF3r3MvLwmFL0fk0IE";

    #[test]
    fn a_key_and_its_fingerprint_are_the_same() {
        for text in [
            PRINT.to_owned(),
            format!("{PRINT}="),
            format!("  {PRINT}\n"),
            format!("ssh-ed25519 {KEY}"),
            format!("ssh-ed25519 {KEY} root@pi-1\n"),
        ] {
            assert_eq!(fingerprint(&text).as_deref(), Ok(PRINT), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_key_is_explained() {
        let cases = [
            (String::new(), "it is empty"),
            ("SHA256:".to_owned(), "not a SHA-256 in base64, which has 43 characters"),
            (format!("{PRINT}A"), "not a SHA-256 in base64, which has 43 characters"),
            (format!("{PRINT} root@pi-1 (ED25519)"), "more than a fingerprint"),
            (format!("256 {PRINT} root@pi-1 (ED25519)"), "more than a fingerprint"),
            (
                "MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48".to_owned(),
                "an MD5 fingerprint, which can be forged",
            ),
            (
                "16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48".to_owned(),
                "an MD5 fingerprint, which can be forged",
            ),
            (format!("pi-1 ssh-ed25519 {KEY}"), "a line of a known_hosts file"),
            (format!("ecdsa-sha2-nistp256 {KEY}"), "the key is damaged"),
            ("ssh-ed25519 AAAA".to_owned(), "the key is damaged"),
            ("ssh-rsa AAAAB3NzaC1yc2E".to_owned(), "an RSA key, which is not used"),
            ("yes".to_owned(), "neither a fingerprint nor a public key"),
        ];
        for (text, why) in cases {
            assert_eq!(fingerprint(&text).expect_err(&text).why, why, "{text}");
        }
    }

    #[test]
    fn a_private_key_is_not_repeated() {
        let complaint = fingerprint("-----BEGIN OPENSSH PRIVATE KEY-----\nsecret").unwrap_err();
        assert!(!format!("{complaint:?}").contains("secret"), "{complaint:?}");
    }
}
