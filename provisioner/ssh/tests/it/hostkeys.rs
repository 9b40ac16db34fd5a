use std::fs;
use std::process::Command as Process;

use terrarium_ssh::{ConnectError, FirstContact, Limits, Session, Standing, Target, look, record};

use crate::node::{Node, chain};

async fn greet(target: &Target) -> Result<terrarium_ssh::Greeting, ConnectError> {
    let (session, greeting) = Session::connect(target, &Limits::default()).await?;
    session.close().await;
    Ok(greeting)
}

#[tokio::test]
async fn first_contact_is_announced_and_recorded() {
    let node = Node::start();
    let greeting = greet(&node.target()).await.unwrap();
    assert_eq!(greeting.new_host_key, Some(node.fingerprint("ed25519")));
    let recorded = fs::read_to_string(node.path("known_hosts")).unwrap();
    let fields =
        |text: &str| text.split_whitespace().take(3).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(fields(&recorded), fields(&node.known_line("ed25519")));
}

#[tokio::test]
async fn openssh_itself_accepts_what_was_recorded() {
    let node = Node::start();
    let target = node.target();
    greet(&target).await.unwrap();
    let output = Process::new("ssh")
        .args(["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o"])
        .arg(format!("UserKnownHostsFile={}", target.known_hosts.display()))
        .args(["-i", &target.identities[0].to_string_lossy(), "-p", &target.port.to_string()])
        .args([&format!("{}@{}", target.user, target.host), "echo hello"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "hello\n", "{output:?}");
}

#[tokio::test]
async fn a_known_key_is_no_news() {
    let node = Node::start();
    greet(&node.target()).await.unwrap();
    let greeting = greet(&node.target()).await.unwrap();
    assert_eq!(greeting.new_host_key, None);
    assert_eq!(greeting.host_key, format!("ssh-ed25519 {}", node.fingerprint("ed25519")));
    assert_eq!(fs::read_to_string(node.path("known_hosts")).unwrap().lines().count(), 1);
}

#[tokio::test]
async fn the_users_own_file_is_believed_and_left_alone() {
    let node = Node::start();
    let users_file = node.path("users_known_hosts");
    fs::write(&users_file, node.known_line("ed25519")).unwrap();
    let target = Target { user_known_hosts: vec![users_file.clone()], ..node.target() };
    assert_eq!(greet(&target).await.unwrap().new_host_key, None);
    assert!(!target.known_hosts.exists());
    assert_eq!(fs::read_to_string(users_file).unwrap(), node.known_line("ed25519"));
}

#[tokio::test]
async fn hashed_entries_are_understood() {
    let node = Node::start();
    let target = node.target();
    fs::write(&target.known_hosts, node.known_line("ed25519")).unwrap();
    let hashed =
        Process::new("ssh-keygen").args(["-H", "-f"]).arg(&target.known_hosts).output().unwrap();
    assert!(hashed.status.success());
    assert!(fs::read_to_string(&target.known_hosts).unwrap().starts_with("|1|"));
    assert_eq!(greet(&target).await.unwrap().new_host_key, None);
}

#[tokio::test]
async fn a_changed_key_stops_and_the_command_in_the_hint_mends_it() {
    let node = Node::start();
    let target = node.target();
    fs::write(&target.known_hosts, "# our nodes\n\n").unwrap();
    greet(&target).await.unwrap();
    let old = node.fingerprint("ed25519");
    fs::remove_file(node.path("host_ed25519")).unwrap();
    node.configure(&["ed25519"], "");

    let error = greet(&target).await.unwrap_err();
    let ConnectError::HostKeyChanged { changed, .. } = &error else { panic!("{error:?}") };
    assert!(!error.retryable());
    assert_eq!((changed.recorded[0].line, &changed.recorded[0].file), (3, &target.known_hosts));
    assert_eq!(changed.recorded[0].fingerprint, Some(old));
    assert_eq!(changed.offered_fingerprint, node.fingerprint("ed25519"));
    let hint = error.hint().unwrap();
    let command = changed.mend().concat();
    assert!(hint.contains(&command), "{hint}");
    let shown = chain(&error);
    for part in ["node `pi-1`", "known_hosts line 3", "ssh-ed25519", &changed.offered_fingerprint] {
        assert!(shown.contains(part), "{part} in {shown}");
    }

    assert!(Process::new("sh").args(["-c", &command]).output().unwrap().status.success());
    assert_eq!(greet(&target).await.unwrap().new_host_key, Some(node.fingerprint("ed25519")));
}

#[tokio::test]
async fn a_key_of_another_algorithm_is_a_changed_key() {
    let node = Node::with(&["ed25519", "ecdsa"], "");
    let target = node.target();
    fs::write(&target.known_hosts, node.known_line("ed25519")).unwrap();
    // Whoever answers now has only the key that was never recorded.
    node.configure(&["ecdsa"], "");
    let before = fs::read_to_string(&target.known_hosts).unwrap();
    let error = greet(&target).await.unwrap_err();
    let ConnectError::HostKeyChanged { changed, .. } = &error else { panic!("{error:?}") };
    assert_eq!(changed.offered_algorithm, "ecdsa-sha2-nistp256");
    assert_eq!(fs::read_to_string(&target.known_hosts).unwrap(), before, "nothing is recorded");
}

#[tokio::test]
async fn the_node_is_asked_for_the_key_that_is_known() {
    let node = Node::with(&["ed25519", "ecdsa"], "");
    let target = node.target();
    fs::write(&target.known_hosts, node.known_line("ecdsa")).unwrap();
    let greeting = greet(&target).await.unwrap();
    assert_eq!(greeting.host_key, format!("ecdsa-sha2-nistp256 {}", node.fingerprint("ecdsa")));
    assert_eq!(greeting.new_host_key, None);
}

#[tokio::test]
async fn a_host_known_by_rsa_only_stops_with_advice() {
    let node = Node::with(&["ed25519", "rsa"], "");
    let target = node.target();
    fs::write(&target.known_hosts, node.known_line("rsa")).unwrap();
    let error = greet(&target).await.unwrap_err();
    assert!(matches!(error, ConnectError::HostKeyChanged { .. }), "{error:?}");
    assert!(
        error.hint().unwrap().contains("algorithms this program does not use"),
        "{:?}",
        error.hint()
    );
}

#[tokio::test]
async fn a_revoked_key_is_refused_wherever_it_is_revoked() {
    let node = Node::start();
    let users_file = node.path("users_known_hosts");
    let key = fs::read_to_string(node.path("host_ed25519.pub")).unwrap();
    fs::write(&users_file, format!("\n@revoked * {key}")).unwrap();
    let target = Target { user_known_hosts: vec![users_file], ..node.target() };
    fs::write(&target.known_hosts, node.known_line("ed25519")).unwrap();
    let error = greet(&target).await.unwrap_err();
    let ConnectError::HostKeyRevoked { revoked, .. } = &error else { panic!("{error:?}") };
    assert_eq!(revoked.recorded.line, 2);
    assert!(!error.retryable());
}

#[tokio::test]
async fn nodes_met_at_once_are_all_recorded_in_one_file() {
    let nodes: Vec<Node> = (0..6).map(|_| Node::start()).collect();
    let file = nodes[0].path("shared/known_hosts");
    let greetings = nodes.iter().map(|node| {
        let target = Target { known_hosts: file.clone(), ..node.target() };
        tokio::spawn(async move { greet(&target).await })
    });
    for greeting in greetings.collect::<Vec<_>>() {
        assert!(greeting.await.unwrap().unwrap().new_host_key.is_some());
    }
    let recorded = fs::read_to_string(&file).unwrap();
    assert_eq!(recorded.lines().count(), 6);
    for node in &nodes {
        assert!(recorded.contains(&format!("{} ssh-ed25519 ", node.name())), "{recorded}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_written_stops_the_connection() {
    let node = Node::start();
    fs::write(node.path("file"), "").unwrap();
    let target = Target { known_hosts: node.path("file").join("known_hosts"), ..node.target() };
    let error = greet(&target).await.unwrap_err();
    assert!(matches!(error, ConnectError::KnownHosts { .. }), "{error:?}");
}

#[tokio::test]
async fn an_unknown_key_is_refused_where_first_contact_is_not_enough() {
    let node = Node::start();
    let target = Target { first_contact: FirstContact::Refuse, ..node.target() };
    let error = greet(&target).await.unwrap_err();
    let ConnectError::HostKeyUnknown { unknown, .. } = &error else { panic!("{error:?}") };
    assert_eq!(unknown.key.fingerprint(), node.fingerprint("ed25519"));
    assert!(!error.retryable() && error.hint().unwrap().contains("provision trust pi-1"));
    assert!(!target.known_hosts.exists(), "nothing is recorded");
    assert!(!fs::read_to_string(node.path("sshd.log")).unwrap().contains("Accepted"));
    record(&target, std::slice::from_ref(&unknown.key), false).unwrap();
    assert_eq!(greet(&target).await.unwrap().new_host_key, None);
}

#[tokio::test]
async fn a_pinned_key_counts_whichever_of_the_nodes_keys_it_is() {
    let node = Node::with(&["ed25519", "ecdsa"], "");
    let pinned = |print: String| Target {
        first_contact: FirstContact::Refuse,
        host_keys: vec![print],
        ..node.target()
    };
    for kind in ["ed25519", "ecdsa"] {
        let greeting = greet(&pinned(node.fingerprint(kind))).await.unwrap();
        assert!(greeting.host_key.ends_with(&node.fingerprint(kind)), "{}", greeting.host_key);
        assert_eq!(greeting.new_host_key, None);
    }
    let other = Node::start();
    let error = greet(&pinned(other.fingerprint("ed25519"))).await.unwrap_err();
    let ConnectError::HostKeyNotPinned { mismatch, .. } = &error else { panic!("{error:?}") };
    let offered: Vec<String> =
        mismatch.offered.iter().map(terrarium_ssh::HostKey::fingerprint).collect();
    assert_eq!(offered, [node.fingerprint("ed25519"), node.fingerprint("ecdsa")]);
    assert!(!error.retryable() && chain(&error).contains(&other.fingerprint("ed25519")));
    assert!(!node.path("known_hosts").exists(), "nothing is recorded");
}

#[tokio::test]
async fn a_look_shows_every_key_and_logs_nobody_in() {
    let node = Node::with(&["ed25519", "ecdsa", "rsa"], "");
    let target = node.target();
    let seen = look(&target, &Limits::default()).await.unwrap();
    let prints: Vec<String> = seen.keys.iter().map(terrarium_ssh::HostKey::fingerprint).collect();
    assert_eq!(prints, [node.fingerprint("ed25519"), node.fingerprint("ecdsa")]);
    assert_eq!(seen.standing, Standing::New);
    assert!(!target.known_hosts.exists());
    assert!(!fs::read_to_string(node.path("sshd.log")).unwrap().contains("Accepted"));

    record(&target, &seen.keys, false).unwrap();
    assert_eq!(look(&target, &Limits::default()).await.unwrap().standing, Standing::Known);
    // One of its keys is new, and the other one is the recorded one.
    fs::remove_file(node.path("host_ecdsa")).unwrap();
    node.configure(&["ed25519", "ecdsa"], "");
    assert_eq!(look(&target, &Limits::default()).await.unwrap().standing, Standing::Known);
    fs::remove_file(node.path("host_ed25519")).unwrap();
    node.configure(&["ed25519", "ecdsa"], "");
    let seen = look(&target, &Limits::default()).await.unwrap();
    assert!(matches!(seen.standing, Standing::Changed(_)), "{seen:?}");
    assert!(matches!(record(&target, &seen.keys, false), Err(ConnectError::HostKeyChanged { .. })));
    record(&target, &seen.keys, true).unwrap();
    assert_eq!(look(&target, &Limits::default()).await.unwrap().standing, Standing::Known);
    assert_eq!(fs::read_to_string(&target.known_hosts).unwrap().lines().count(), 2);
}
