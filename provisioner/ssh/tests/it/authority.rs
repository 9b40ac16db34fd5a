//! Nodes that show a host certificate, to one who trusts an authority.

use std::fmt::Write;
use std::fs;
use std::process::Command;

use terrarium_ssh::{
    ConnectError, FirstContact, Greeting, Limits, Session, Standing, Target, look,
};

use crate::node::{Node, keygen};

async fn greet(target: &Target) -> Result<Greeting, ConnectError> {
    let (session, greeting) = Session::connect(target, &Limits::default()).await?;
    session.close().await;
    Ok(greeting)
}

/// A node whose host keys have certificates, signed with these arguments by an
/// authority of this algorithm.
fn certified(authority: &str, hosts: &[&str], arguments: &[&str]) -> Node {
    let node = Node::with(hosts, "");
    keygen(&node.path("authority"), &["-t", authority]);
    let mut lines = String::new();
    for kind in hosts {
        let signed = Command::new("ssh-keygen")
            .args(["-q", "-h", "-I", "node", "-s"])
            .arg(node.path("authority"))
            .args(arguments)
            .arg(node.path(&format!("host_{kind}.pub")))
            .output()
            .unwrap();
        assert!(signed.status.success(), "{signed:?}");
        let file = node.path(&format!("host_{kind}-cert.pub"));
        writeln!(lines, "HostCertificate {}", file.display()).unwrap();
    }
    node.configure(hosts, &lines);
    node
}

/// The node, reached by one who trusts its authority for these hosts and records no key.
fn trusting(node: &Node, hosts: &str) -> Target {
    let target = Target { first_contact: FirstContact::Refuse, ..node.target() };
    let key = fs::read_to_string(node.path("authority.pub")).unwrap();
    fs::write(&target.known_hosts, format!("@cert-authority {hosts} {key}")).unwrap();
    target
}

#[tokio::test]
async fn a_node_that_a_trusted_authority_vouches_for_is_known() {
    for authority in ["ed25519", "ecdsa", "rsa"] {
        for host in ["ed25519", "ecdsa"] {
            let node = certified(authority, &[host], &["-n", "127.0.0.1,localhost"]);
            for hosts in ["*", "127.0.0.1", "[127.0.0.1]:*"] {
                let target = trusting(&node, hosts);
                let greeting = greet(&target).await.unwrap();
                assert_eq!(greeting.new_host_key, None, "{authority} {host} {hosts}");
                assert_eq!(greeting.notes, Vec::<String>::new(), "{authority} {host} {hosts}");
                let lines = fs::read_to_string(&target.known_hosts).unwrap();
                assert_eq!(lines.lines().count(), 1, "nothing was recorded: {lines}");
            }
        }
    }
}

#[tokio::test]
async fn nobody_is_asked_about_a_node_that_an_authority_vouches_for() {
    for (names, hosts, standing) in [
        ("127.0.0.1", "*", Standing::Known),
        ("pi-9", "*", Standing::New),
        ("127.0.0.1", "*.lan", Standing::New),
    ] {
        let node = certified("ed25519", &["ed25519", "ecdsa"], &["-n", names]);
        let target = trusting(&node, hosts);
        let found = look(&target, &Limits::default()).await.unwrap();
        assert_eq!(found.standing, standing, "{names} {hosts}");
        assert_eq!(found.keys.len(), 2, "{names} {hosts}");
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_accepted_leaves_the_key_as_unknown_as_it_is() {
    let table: [(&[&str], &str, &str); 4] = [
        (&["-n", "pi-9"], "*", "it is for the host names pi-9"),
        (&["-n", "127.0.0.1", "-V", "19990101:20000101"], "*", "it has expired"),
        (&["-n", "127.0.0.1"], "*.lan", ""),
        (&["-n", "127.0.0.1"], "*,!127.0.0.1,![127.0.0.1]:*", ""),
    ];
    for (arguments, hosts, why) in table {
        let node = certified("ed25519", &["ed25519"], arguments);
        let target = trusting(&node, hosts);
        let error = greet(&target).await.unwrap_err();
        let ConnectError::HostKeyUnknown { unknown, .. } = &error else { panic!("{error:?}") };
        // Where nobody is trusted for the host, no certificate is asked for.
        assert_eq!(unknown.certificate.is_some(), !why.is_empty(), "{hosts}: {error}");
        assert!(error.to_string().contains(why), "{error}");

        let recording = Target { first_contact: FirstContact::Record, ..target.clone() };
        let greeting = greet(&recording).await.unwrap();
        assert_eq!(greeting.new_host_key, Some(node.fingerprint("ed25519")));
        assert!(greeting.notes.concat().contains(why), "{:?}", greeting.notes);
        assert_eq!(greet(&target).await.unwrap().new_host_key, None, "now it is recorded");
    }
}

#[tokio::test]
async fn an_authority_that_is_trusted_does_not_hide_a_changed_or_revoked_key() {
    let node = certified("ed25519", &["ed25519"], &["-n", "pi-9"]);
    let target = trusting(&node, "*");
    let other = Node::start();
    let line = other.known_line("ed25519");
    let key = line.split_once(' ').unwrap().1;
    let name = format!("[127.0.0.1]:{}", target.port);
    let trusted = fs::read_to_string(&target.known_hosts).unwrap();
    fs::write(&target.known_hosts, format!("{trusted}{name} {key}")).unwrap();
    let error = greet(&target).await.unwrap_err();
    assert!(matches!(error, ConnectError::HostKeyChanged { .. }), "{error:?}");
    assert!(error.to_string().contains("certificate is not accepted"), "{error}");

    let revoked = fs::read_to_string(node.path("authority.pub")).unwrap();
    fs::write(&target.known_hosts, format!("{trusted}@revoked * {revoked}")).unwrap();
    let error = greet(&target).await.unwrap_err();
    assert!(matches!(error, ConnectError::HostKeyRevoked { .. }), "{error:?}");
}

#[tokio::test]
async fn a_node_without_a_certificate_is_met_by_its_key_and_the_authority_mentioned() {
    let node = Node::with(&["ed25519", "ecdsa"], "");
    let target = node.target();
    let key = fs::read_to_string(node.path("host_ecdsa.pub")).unwrap();
    fs::write(&target.known_hosts, format!("@cert-authority * {key}")).unwrap();
    let greeting = greet(&target).await.unwrap();
    assert!(greeting.new_host_key.is_some());
    let notes = greeting.notes.concat();
    assert!(notes.contains("line 1 trusts a certificate authority"), "{notes}");
    assert!(notes.contains("has no host certificate"), "{notes}");
}

#[tokio::test]
async fn a_pinned_key_is_asked_for_itself_whatever_authority_is_trusted() {
    let node = certified("ed25519", &["ed25519"], &["-n", "pi-9"]);
    let target = trusting(&node, "*");
    let pinned = Target { host_keys: vec![node.fingerprint("ed25519")], ..target };
    assert_eq!(greet(&pinned).await.unwrap().new_host_key, None);
}
