use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::time::Duration;

use terrarium_ssh::{
    AuthMethod, ConnectError, Greeting, Limits, Outcome, Secret, Session, Target, Tried, Unlocked,
};

use crate::node::{Node, chain, keygen, wait_for};
use crate::users;

pub(crate) async fn greet(target: &Target) -> Result<Greeting, ConnectError> {
    greet_within(target, &Limits::default()).await
}

async fn greet_within(target: &Target, limits: &Limits) -> Result<Greeting, ConnectError> {
    let (session, greeting) = Session::connect(target, limits).await?;
    session.close().await;
    Ok(greeting)
}

/// A running ssh-agent with the given keys in it.
pub(crate) struct Agent {
    process: Child,
    pub(crate) socket: PathBuf,
}

impl Agent {
    pub(crate) async fn start(folder: &Path, keys: &[&Path]) -> Self {
        let socket = folder.join("agent");
        let process = Process::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_for("the agent's socket", || socket.exists()).await;
        for key in keys {
            let added = Process::new("ssh-add")
                .arg("-q")
                .arg(key)
                .env("SSH_AUTH_SOCK", &socket)
                .output()
                .unwrap();
            assert!(added.status.success(), "{added:?}");
        }
        Self { process, socket }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An agent with so many keys, and their files.
pub(crate) async fn full_agent(node: &Node, count: usize) -> (Agent, Vec<PathBuf>) {
    let keys: Vec<PathBuf> =
        (1..=count).map(|number| node.path(&format!("key-{number}"))).collect();
    for key in &keys {
        keygen(key, &["-t", "ed25519", "-C", &key.to_string_lossy()]);
    }
    let paths: Vec<&Path> = keys.iter().map(PathBuf::as_path).collect();
    (Agent::start(&node.path(""), &paths).await, keys)
}

/// Lets a further key log in.
pub(crate) fn authorise(node: &Node, key: &Path) {
    let public = fs::read_to_string(format!("{}.pub", key.display())).unwrap();
    let file = node.path("authorized_keys");
    fs::write(&file, fs::read_to_string(&file).unwrap() + &public).unwrap();
}

#[tokio::test]
async fn with_a_key_file_and_the_banner_is_passed_on() {
    let node = Node::start();
    fs::write(node.path("banner"), "Property of the lab\n").unwrap();
    node.configure(&["ed25519"], &format!("Banner {}", node.path("banner").display()));
    let greeting = greet(&node.target()).await.unwrap();
    assert_eq!(greeting.auth, AuthMethod::Identity(node.path("id_ed25519")));
    assert_eq!(greeting.banner.as_deref(), Some("Property of the lab"));
}

#[tokio::test]
async fn with_the_usual_key_of_the_user() {
    let node = Node::start();
    let target =
        Target { identities: Vec::new(), usual_keys: Some(node.path("")), ..node.target() };
    assert_eq!(greet(&target).await.unwrap().auth, AuthMethod::Identity(node.path("id_ed25519")));
}

#[tokio::test]
async fn with_an_ecdsa_key_after_a_key_the_node_does_not_know() {
    let node = Node::start();
    let (stranger, friend) = (node.path("stranger"), node.path("friend"));
    keygen(&stranger, &["-t", "ed25519"]);
    keygen(&friend, &["-t", "ecdsa"]);
    authorise(&node, &friend);
    let target = Target { identities: vec![stranger, friend.clone()], ..node.target() };
    assert_eq!(greet(&target).await.unwrap().auth, AuthMethod::Identity(friend));
}

#[tokio::test]
async fn with_rsa_keys_of_every_form_that_ssh_keygen_writes() {
    let node = Node::start();
    let at = |name: &str| node.path(name);
    let make = |name: &str, more: &[&str]| {
        keygen(&at(name), &[&["-t", "rsa"][..], more].concat());
        authorise(&node, &at(name));
    };
    make("openssh", &["-b", "3072"]);
    make("pem", &["-b", "2048", "-m", "PEM"]);
    make("pkcs8", &["-b", "4096", "-m", "PKCS8"]);
    for name in ["openssh", "pem", "pkcs8"] {
        let target = Target { identities: vec![at(name)], ..node.target() };
        assert_eq!(greet(&target).await.unwrap().auth, AuthMethod::Identity(at(name)), "{name}");
    }
    make("locked", &["-N", "passphrase"]);
    let unlocked = Unlocked::with(&at("locked"), &Secret::new("passphrase")).unwrap();
    let target =
        Target { identities: vec![at("locked")], unlocked: vec![unlocked], ..node.target() };
    assert_eq!(greet(&target).await.unwrap().auth, AuthMethod::Identity(at("locked")));
    // One that nobody should have any more is named as that, and nothing is sent.
    make("short", &["-b", "1024"]);
    let target = Target { identities: vec![at("short")], ..node.target() };
    let error = greet(&target).await.unwrap_err();
    assert!(error.to_string().contains("RSA keys of 2048 to 4096 bits"), "{error}");
}

#[tokio::test]
async fn with_keys_of_the_agent_rsa_included() {
    for kind in ["ed25519", "rsa"] {
        let node = Node::start();
        let key = node.path("agent_key");
        keygen(&key, &["-t", kind, "-C", "me@laptop"]);
        authorise(&node, &key);
        let agent = Agent::start(&node.path(""), &[&key]).await;
        let target = Target {
            identities: Vec::new(),
            agent_socket: Some(agent.socket.clone()),
            ..node.target()
        };
        assert_eq!(
            greet(&target).await.unwrap().auth,
            AuthMethod::Agent("me@laptop".to_owned()),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn a_full_agent_leaves_room_for_the_named_key() {
    let node = Node::start();
    let (agent, keys) = full_agent(&node, 8).await;
    let last = keys.last().unwrap();
    authorise(&node, last);
    let target = Target {
        identities: vec![last.clone()],
        agent_socket: Some(agent.socket.clone()),
        ..node.target()
    };
    let greeting = greet(&target).await.unwrap();
    assert_eq!(greeting.auth, AuthMethod::Agent(last.to_string_lossy().into_owned()));
}

#[tokio::test]
async fn a_stale_agent_socket_is_only_a_remark() {
    let node = Node::start();
    let target = Target { agent_socket: Some(node.path("gone")), ..node.target() };
    assert_eq!(greet(&target).await.unwrap().auth, AuthMethod::Identity(node.path("id_ed25519")));
}

#[tokio::test]
async fn with_the_password() {
    let node = Node::start();
    node.configure(&["ed25519"], "PasswordAuthentication yes");
    let target =
        Target { identities: vec![], ..node.target_as(users::PASSWORD, Some(users::password())) };
    assert_eq!(greet(&target).await.unwrap().auth, AuthMethod::Password);
}

#[tokio::test]
async fn with_the_password_in_answer_to_a_question() {
    let node = Node::start();
    node.configure(
        &["ed25519"],
        "UsePAM yes\nKbdInteractiveAuthentication yes\nPubkeyAuthentication no",
    );
    let target = node.target_as(users::PASSWORD, Some(users::password()));
    assert_eq!(greet(&target).await.unwrap().auth, AuthMethod::KeyboardInteractive);
    let target = node.target_as(users::PASSWORD, Some("wrong"));
    let error = greet(&target).await.unwrap_err();
    let ConnectError::Auth { tried, .. } = &error else { panic!("{error:?}") };
    assert_eq!(tried.len(), 1);
    assert_eq!(tried[0].what, Tried::KeyboardInteractive);
}

#[tokio::test]
async fn when_both_key_and_password_are_demanded() {
    let node = Node::start();
    node.configure(
        &["ed25519"],
        "PasswordAuthentication yes\nAuthenticationMethods publickey,password",
    );
    let target = node.target_as(users::PASSWORD, Some(users::password()));
    assert_eq!(greet(&target).await.unwrap().auth, AuthMethod::Password);
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_and_not_shown() {
    let _ = users::password();
    let node = Node::start();
    node.configure(&["ed25519"], "PasswordAuthentication yes");
    let target =
        Target { identities: vec![], ..node.target_as(users::PASSWORD, Some("wr0ng-secret")) };
    let error = greet(&target).await.unwrap_err();
    let ConnectError::Auth { tried, remaining, .. } = &error else { panic!("{error:?}") };
    assert_eq!(
        (tried.len(), &tried[0].what, &tried[0].outcome),
        (1, &Tried::Password, &Outcome::Refused)
    );
    assert!(remaining.contains(&"password".to_owned()));
    assert!(!error.retryable());
    let shown = format!("{} {error:?} {:?} {target:?}", chain(&error), error.hint());
    assert!(!shown.contains("wr0ng-secret"), "{shown}");
    let log = fs::read_to_string(node.path("sshd.log")).unwrap();
    assert_eq!(log.matches("Failed password").count(), 1, "{log}");
}

#[tokio::test]
async fn a_failure_lists_what_was_tried_and_what_is_offered() {
    let node = Node::start();
    let (stranger, locked, rsa) = (node.path("stranger"), node.path("locked"), node.path("rsa"));
    keygen(&stranger, &["-t", "ed25519"]);
    keygen(&locked, &["-t", "ed25519", "-N", "passphrase"]);
    keygen(&rsa, &["-t", "rsa"]);
    let identities = vec![node.path("absent"), stranger.clone(), locked.clone(), rsa.clone()];
    let error = greet(&Target { identities, ..node.target() }).await.unwrap_err();
    let ConnectError::Auth { tried, remaining, .. } = &error else { panic!("{error:?}") };
    let outcomes: Vec<&Outcome> = tried.iter().map(|attempt| &attempt.outcome).collect();
    assert_eq!(
        outcomes,
        [
            &Outcome::Unusable("no such file".into()),
            &Outcome::Refused,
            &Outcome::Encrypted,
            &Outcome::Refused
        ]
    );
    assert_eq!(remaining, &["publickey"]);
    assert_eq!(
        error.hint().unwrap(),
        format!(
            "the key is protected by a passphrase: load it into the agent with `ssh-add {}`",
            locked.display()
        )
    );
}

#[tokio::test]
async fn a_node_that_wants_a_password_nobody_gave_says_how_to_give_it() {
    let node = Node::start();
    node.configure(&["ed25519"], "PasswordAuthentication yes");
    let error = greet(&Target { identities: vec![], ..node.target() }).await.unwrap_err();
    assert!(error.hint().unwrap().contains("--ask-password"), "{error}: {:?}", error.hint());
}

#[tokio::test]
async fn a_password_of_two_lines_never_leaves_this_machine() {
    let node = Node::start();
    let target = Target { password: Some(Secret::new("one\ntwo")), ..node.target() };
    assert!(matches!(greet(&target).await, Err(ConnectError::PasswordNotOneLine { .. })));
    assert_eq!(node.connections(), 0);
}

#[tokio::test]
async fn a_closed_port_is_told_from_silence() {
    let node = Node::start();
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let error = greet(&Target { port: closed, ..node.target() }).await.unwrap_err();
    assert!(matches!(error, ConnectError::Refused { .. }), "{error:?}");
    assert!(error.retryable() && error.hint().unwrap().contains("SSH enabled"));

    // Accepts, and never says a word.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let target = Target { port: silent.local_addr().unwrap().port(), ..node.target() };
    let limits = Limits { handshake: Duration::from_millis(300), ..Limits::default() };
    let error = greet_within(&target, &limits).await.unwrap_err();
    assert!(
        matches!(error, ConnectError::Timeout { waited_for: "the SSH handshake", .. }),
        "{error:?}"
    );
    assert!(error.retryable());
}

#[tokio::test]
async fn a_server_that_hangs_up_is_worth_another_try() {
    let node = Node::start();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let target = Target { port: listener.local_addr().unwrap().port(), ..node.target() };
    let server = std::thread::spawn(move || drop(listener.accept().unwrap()));
    let error = greet(&target).await.unwrap_err();
    server.join().unwrap();
    assert!(matches!(error, ConnectError::Closed { .. }), "{error:?}");
    assert!(error.retryable());
}

#[tokio::test]
async fn names_without_an_address_and_names_that_are_none() {
    let node = Node::start();
    let error =
        greet(&Target { host: "no-such-host.invalid".into(), ..node.target() }).await.unwrap_err();
    assert!(matches!(error, ConnectError::Resolve { .. }), "{error:?}");
    let error = greet(&Target { host: "a b".into(), ..node.target() }).await.unwrap_err();
    assert!(matches!(error, ConnectError::InvalidHost { .. }), "{error:?}");
}
