//! Kubeconfigs: the server's, and the operator's own that it is laid into.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use terrarium_k3s::kubeconfig::{Access, merge};

use super::ROUNDS;
use super::spoil::{Form, spoilt_text};

/// As k3s writes it.
const SERVER: &str = include_str!("../../../k3s/src/kubeconfig/k3s.yaml");
/// An operator's, with a program to run that is theirs.
const OPERATOR: &str = "\
apiVersion: v1
kind: Config
current-context: office
clusters:
- name: office
  cluster: {server: 'https://office.invalid:6443', insecure-skip-tls-verify: true}
contexts:
- name: office
  context:
    cluster: office
    user: office
    namespace: \"yes\"
users:
- name: office
  user:
    exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, args: [eks, 'get-token']}
";
const URL: &str = "https://10.0.0.1:6443";

/// A server's file with a token where the certificate and its key are.
fn with_a_token() -> String {
    let lines: Vec<&str> = SERVER.lines().filter(|line| !line.contains("client-key")).collect();
    let at = lines.iter().position(|line| line.contains("client-certificate")).unwrap();
    [&lines[..at], &["    token: K10abc.def-0123"], &lines[at + 1..]].concat().join("\n")
}

/// The merged file without what was read of the server's, each of which is looked
/// at here: PEM and nothing else, or a token.
fn rest(text: &str) -> Vec<&str> {
    let mut rest = Vec::new();
    for line in text.lines() {
        match line.trim_start_matches([' ', '-']).split_once(": ") {
            Some((key, value)) if key.ends_with("-data") => assert!(is_pem(value), "{line}"),
            Some(("token", value)) => {
                let letter =
                    |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/='\"".contains(&byte);
                assert!(value.bytes().all(letter), "{line}");
            }
            _ => rest.push(line),
        }
    }
    rest
}

fn is_pem(value: &str) -> bool {
    let text = String::from_utf8(STANDARD.decode(value).unwrap()).unwrap();
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    let marks = ["CERTIFICATE", "EC PRIVATE KEY", "PRIVATE KEY", "RSA PRIVATE KEY"]
        .map(|tag| [format!("-----BEGIN {tag}-----"), format!("-----END {tag}-----")])
        .concat();
    text.lines().all(|line| {
        marks.iter().any(|mark| mark == line) || (line.len() <= 64 && line.bytes().all(base64))
    })
}

/// Laid into no file and into an operator's: but for what was read, the file is as
/// with a good one.
pub(super) fn of_servers() -> usize {
    let lay = |existing, access: &Access| merge(existing, access, "terrarium", URL).unwrap().text;
    let (with_key, with_token) = (SERVER.to_owned(), with_a_token());
    let good = Access::parse(SERVER).unwrap();
    let files = [None, Some(OPERATOR)].map(|file| (file, lay(file, &good)));
    let mut taken = 0;
    for round in 0..ROUNDS {
        let seed = if round % 4 == 0 { &with_key } else { &with_token };
        let text = spoilt_text(seed, Form::Yaml, round);
        let Ok(access) = Access::parse(&text) else { continue };
        taken += 1;
        let (file, expected) = &files[usize::from(round % 8 == 1)];
        assert_eq!(rest(&lay(*file, &access)), rest(expected), "of\n{text}");
    }
    taken
}

/// What can be read is laid into, and a second time changes nothing.
pub(super) fn of_operators() -> usize {
    let access = Access::parse(&with_a_token()).unwrap();
    let mut taken = 0;
    for round in 0..ROUNDS {
        let text = spoilt_text(OPERATOR, Form::Yaml, round);
        let Ok(once) = merge(Some(&text), &access, "terrarium", URL) else { continue };
        taken += 1;
        if round % 4 == 0 {
            let twice = merge(Some(&once.text), &access, "terrarium", URL).unwrap();
            assert_eq!(twice.text, once.text, "of\n{text}");
        }
    }
    taken
}
