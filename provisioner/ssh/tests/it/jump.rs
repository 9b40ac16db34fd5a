use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use terrarium_ssh::config::Family;
use terrarium_ssh::{
    AuthMethod, Command, ConnectError, FirstContact, Limits, Secret, Session, Standing, Target,
    is_recorded, look, record,
};

use crate::login::{Agent, full_agent, greet};
use crate::node::{Node, chain, connect, keygen, text};
use crate::users;

/// A host on the way.
fn hop(node: &Node) -> Target {
    Target { node: "bastion".to_owned(), is_jump: true, ..node.target() }
}

fn through(node: &Node, hops: &[&Node]) -> Target {
    Target { jumps: hops.iter().map(|node| hop(node)).collect(), ..node.target() }
}

#[tokio::test]
async fn a_node_is_reached_through_one_host_and_through_several() {
    let (node, first, second) = (Node::start(), Node::start(), Node::start());
    for hops in [vec![&first], vec![&first, &second]] {
        let target = through(&node, &hops);
        let session = connect(&target).await;
        let output = session.run(Command::new("say", "cat").stdin("hello")).await.unwrap();
        assert_eq!(text(&output), "hello");
        session.close().await;
    }
    assert_eq!((first.connections(), second.connections(), node.connections()), (2, 1, 2));
    // The last host sees where the connection comes from: the hop, not this side.
    let seen = look(&through(&node, &[&first]), &Limits::default()).await.unwrap();
    assert_eq!(seen.standing, Standing::Known);
}

#[tokio::test]
async fn what_a_jump_host_does_not_do_is_told_with_its_name_and_what_helps() {
    let (node, bastion) = (Node::start(), Node::start());
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let away = Target { port: closed, ..through(&node, &[&bastion]) };
    let error = greet(&away).await.unwrap_err();
    assert!(matches!(error, ConnectError::Jump { forbidden: false, .. }), "{error:?}");
    assert!(error.retryable() && error.to_string().contains("node `pi-1`"), "{error}");
    assert!(error.hint().unwrap().contains("switched on"), "{error}");

    bastion.configure(&["ed25519"], "AllowTcpForwarding no");
    let error = greet(&through(&node, &[&bastion])).await.unwrap_err();
    assert!(matches!(error, ConnectError::Jump { forbidden: true, .. }), "{error:?}");
    assert!(!error.retryable() && error.hint().unwrap().contains("AllowTcpForwarding"), "{error}");

    let mut unknown = through(&node, &[&bastion]);
    fs::write(bastion.path("known_hosts"), "").unwrap();
    unknown.jumps[0].first_contact = FirstContact::Refuse;
    let error = greet(&unknown).await.unwrap_err();
    assert!(matches!(error, ConnectError::HostKeyUnknown { .. }), "{error:?}");
    assert!(error.to_string().starts_with("jump host `bastion`"), "{error}");
    assert!(error.hint().unwrap().contains("ssh bastion"), "{:?}", error.hint());
}

#[tokio::test]
async fn each_host_of_a_way_can_be_looked_at_when_those_before_it_are_recorded() {
    let (node, first, second) = (Node::start(), Node::start(), Node::start());
    let known = node.path("of-this-cluster");
    let mut target = through(&node, &[&first, &second]);
    target.password = Some(Secret::new("not for them"));
    for stop in &mut target.jumps {
        stop.known_hosts.clone_from(&known);
        stop.first_contact = FirstContact::Refuse;
        stop.password = Some(Secret::new("not for them"));
    }
    target.known_hosts.clone_from(&known);
    target.first_contact = FirstContact::Refuse;
    let way = target.way();
    assert!(way[..2].iter().all(|hop| hop.is_jump && hop.password.is_none()));
    assert_eq!(way.iter().map(|stop| stop.jumps.len()).collect::<Vec<_>>(), [0, 1, 2]);

    let limits = Limits::default();
    for (index, (stop, real)) in way.iter().zip([&first, &second, &node]).enumerate() {
        // Whoever is behind it cannot be looked at yet, and is not connected to.
        for behind in &way[index + 1..] {
            let error = look(behind, &limits).await.unwrap_err();
            assert!(matches!(error, ConnectError::HostKeyUnknown { .. }), "{error:?}");
        }
        assert!(!is_recorded(stop).unwrap());
        let seen = look(stop, &limits).await.unwrap();
        assert_eq!(seen.standing, Standing::New);
        assert_eq!(seen.keys[0].fingerprint(), real.fingerprint("ed25519"));
        record(stop, &seen.keys, false).unwrap();
        assert!(is_recorded(stop).unwrap());
    }
    assert_eq!(look(&target, &limits).await.unwrap().standing, Standing::Known);
    assert_eq!(fs::read_to_string(known).unwrap().lines().count(), 3);
    assert!(!fs::read_to_string(node.path("sshd.log")).unwrap().contains("Accepted"));
}

#[tokio::test]
async fn no_jump_host_gets_the_password() {
    let password = users::password();
    let (node, bastion) = (Node::start(), Node::start());
    bastion.configure(&["ed25519"], "PasswordAuthentication yes");
    node.configure(&["ed25519"], "PasswordAuthentication yes");
    let mut target = through(&node, &[&bastion]);
    target.jumps[0].identities.clear();
    target.jumps[0].password = Some(Secret::new(password));
    target.password = Some(Secret::new(password));
    let error = greet(&target).await.unwrap_err();
    assert!(error.to_string().starts_with("jump host `bastion`"), "{error}");
    let log = fs::read_to_string(bastion.path("sshd.log")).unwrap();
    assert!(!log.contains("password for"), "{log}");
    assert_eq!(node.connections(), 0);
}

#[tokio::test]
async fn a_host_key_is_recorded_under_its_alias() {
    let node = Node::start();
    let target = Target { host_key_alias: Some("the-pi".to_owned()), ..node.target() };
    greet(&target).await.unwrap();
    let known = fs::read_to_string(node.path("known_hosts")).unwrap();
    assert!(known.starts_with("the-pi ssh-ed25519 "), "{known}");
    assert!(greet(&target).await.unwrap().new_host_key.is_none());
}

#[tokio::test]
async fn the_address_that_answered_is_told_and_a_version_can_be_left_out() {
    let node = Node::start();
    let named = Target { host: "localhost".to_owned(), family: Family::V4, ..node.target() };
    assert_eq!(greet(&named).await.unwrap().address, Some(Ipv4Addr::LOCALHOST.into()));
    let other = Target { family: Family::V6, ..node.target() };
    assert!(matches!(greet(&other).await, Err(ConnectError::Resolve { .. })));
}

#[tokio::test]
async fn with_identities_only_the_agents_other_keys_stay_where_they_are() {
    let node = Node::start();
    let (agent, _) = full_agent(&node, 3).await;
    let target = Target {
        identities: vec![node.path("key-9")],
        agent_socket: Some(agent.socket.clone()),
        identities_only: true,
        ..node.target()
    };
    let error = greet(&target).await.unwrap_err();
    let ConnectError::Auth { tried, .. } = &error else { panic!("{error:?}") };
    assert_eq!(tried.len(), 1, "{error}");
}

/// A key and a certificate for it, from an authority the node trusts.
fn certified(node: &Node, kind: &str) -> (PathBuf, PathBuf) {
    let (authority, key) = (node.path("authority"), node.path("certified"));
    keygen(&authority, &["-t", "ed25519"]);
    keygen(&key, &["-t", kind]);
    let user = node.target().user;
    let made = Process::new("ssh-keygen")
        .args(["-q", "-I", "me", "-n", &user, "-s"])
        .args([&authority, &PathBuf::from(format!("{}.pub", key.display()))])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let setting = format!("TrustedUserCAKeys {}.pub", authority.display());
    node.configure(&["ed25519"], &setting);
    fs::write(node.path("authorized_keys"), "").unwrap();
    let certificate = PathBuf::from(format!("{}-cert.pub", key.display()));
    (key, certificate)
}

#[tokio::test]
async fn with_a_certificate_beside_the_key_or_named() {
    for kind in ["ed25519", "ecdsa"] {
        let node = Node::start();
        let (key, certificate) = certified(&node, kind);
        let by = |path: &Path| AuthMethod::Certificate(path.display().to_string());
        let target = Target { identities: vec![key.clone()], ..node.target() };
        assert_eq!(greet(&target).await.unwrap().auth, by(&certificate), "{kind}");

        let elsewhere = node.path("elsewhere-cert.pub");
        fs::rename(&certificate, &elsewhere).unwrap();
        assert!(greet(&target).await.is_err());
        let named = Target { certificates: vec![elsewhere.clone()], ..target.clone() };
        assert_eq!(greet(&named).await.unwrap().auth, by(&elsewhere), "{kind}");
    }
}

#[tokio::test]
async fn with_a_key_and_certificate_that_the_agent_holds() {
    let node = Node::start();
    let (key, _) = certified(&node, "ed25519");
    // `ssh-add` takes the certificate beside the key as well.
    let agent = Agent::start(&node.path(""), &[&key]).await;
    let target = Target {
        identities: Vec::new(),
        agent_socket: Some(agent.socket.clone()),
        ..node.target()
    };
    let auth = Session::connect(&target, &Limits::default()).await;
    let (session, greeting) = auth.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert!(matches!(greeting.auth, AuthMethod::Certificate(_)), "{:?}", greeting.auth);
    session.close().await;
}

#[tokio::test]
async fn with_a_certificate_in_a_file_whose_key_only_the_agent_has() {
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let node = Node::start();
        let (key, certificate) = certified(&node, kind);
        let elsewhere = node.path("elsewhere-cert.pub");
        fs::rename(&certificate, &elsewhere).unwrap();
        // `ssh-add` finds no certificate beside the key, so that the agent has none.
        let agent = Agent::start(&node.path(""), &[&key]).await;
        fs::remove_file(&key).unwrap();
        let by = |path: &Path| AuthMethod::Certificate(path.display().to_string());
        let with_agent = Target {
            identities: Vec::new(),
            agent_socket: Some(agent.socket.clone()),
            ..node.target()
        };
        let named = Target { certificates: vec![elsewhere.clone()], ..with_agent.clone() };
        assert_eq!(greet(&named).await.unwrap().auth, by(&elsewhere), "{kind}");

        fs::rename(&elsewhere, &certificate).unwrap();
        let beside = Target { identities: vec![key.clone()], ..with_agent.clone() };
        assert_eq!(greet(&beside).await.unwrap().auth, by(&certificate), "{kind}");

        fs::remove_file(&certificate).unwrap();
        assert!(greet(&named).await.is_err(), "{kind}: the node takes the key itself");
    }
}
