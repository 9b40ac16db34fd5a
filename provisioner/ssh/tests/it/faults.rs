use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use terrarium_ssh::{Command, ConnectError, ExecError, Limits, Lost, Session};
use tokio::time::Instant;

use crate::node::{Node, chain, connect, is_alive, is_root, pid_in, wait_for};
use crate::users;

fn sleeper(node: &Node, name: &str) -> Command {
    Command::new("sleep", format!("echo $$ > {}; exec sleep 300", node.path(name).display()))
}

#[tokio::test]
async fn death_by_signal_is_an_error_of_its_own() {
    let node = Node::start();
    let session = node.session().await;
    let error =
        session.run(Command::new("die", "echo last words >&2; kill -TERM $$")).await.unwrap_err();
    let ExecError::Signal { signal, stderr, .. } = &error else { panic!("{error:?}") };
    assert_eq!((signal.as_str(), stderr.as_slice()), ("TERM", b"last words\n".as_slice()));
    assert!(!error.retryable());
}

#[tokio::test]
async fn the_deadline_ends_the_process_on_the_node() {
    let node = Node::start();
    let session = node.session().await;
    let command = sleeper(&node, "pid").deadline(Duration::from_millis(700));
    let error = session.run(command).await.unwrap_err();
    assert!(matches!(error, ExecError::Deadline { ended_on_node: true, .. }), "{error:?}");
    assert!(
        chain(&error).contains("node `pi-1`")
            && chain(&error).contains("sleep: not finished within 700ms"),
        "{error}"
    );
    assert!(!is_alive(&pid_in(&node.path("pid")).await));
}

#[tokio::test]
async fn a_status_that_looks_like_a_deadline_is_only_a_status() {
    let node = Node::start();
    let session = node.session().await;
    for status in [124, 137, 255] {
        let output = session.run(Command::new("exit", format!("exit {status}"))).await.unwrap();
        assert_eq!(output.status, status);
    }
}

#[tokio::test]
async fn a_server_that_dies_is_a_lost_connection_and_no_success() {
    let node = Node::start();
    let session = node.session().await;
    let running = {
        let (session, command) = (session.clone(), sleeper(&node, "pid"));
        tokio::spawn(async move { session.run(command).await })
    };
    let pid = pid_in(&node.path("pid")).await;
    assert_eq!(session.lost(), None);
    node.signal_server("KILL");
    let error = running.await.unwrap().unwrap_err();
    assert!(matches!(error, ExecError::ConnectionLost { source: Lost::Closed, .. }), "{error:?}");
    assert!(error.retryable());
    assert!(
        chain(&error).ends_with("connection lost: the node closed the connection"),
        "{}",
        chain(&error)
    );
    let later = session.run(Command::new("next", "true")).await.unwrap_err();
    assert!(matches!(later, ExecError::ConnectionLost { .. }), "{later:?}");
    assert_eq!(session.lost(), Some(Lost::Closed));
    let _ = std::process::Command::new("kill").arg(pid).status().unwrap();
}

#[tokio::test]
async fn a_frozen_server_is_noticed_by_keepalives() {
    let node = Node::start();
    let limits = Limits {
        keepalive_interval: Duration::from_millis(200),
        keepalive_max: 2,
        ..Limits::default()
    };
    let (session, _) = Session::connect(&node.target(), &limits).await.unwrap();
    let running = {
        let (session, command) = (session.clone(), sleeper(&node, "pid"));
        tokio::spawn(async move { session.run(command).await })
    };
    let pid = pid_in(&node.path("pid")).await;
    node.signal_server("STOP");
    let error = running.await.unwrap().unwrap_err();
    assert!(matches!(error, ExecError::ConnectionLost { source: Lost::Silent, .. }), "{error:?}");
    let _ = std::process::Command::new("kill").arg(pid).status().unwrap();
}

#[tokio::test]
async fn a_silent_command_outlives_many_keepalives() {
    let node = Node::start();
    let limits = Limits {
        keepalive_interval: Duration::from_millis(50),
        keepalive_max: 3,
        ..Limits::default()
    };
    let (session, _) = Session::connect(&node.target(), &limits).await.unwrap();
    assert!(session.run(Command::new("be silent", "sleep 1")).await.unwrap().success());
}

/// A node whose PAM opens no session before a file `go` is there: `pam_systemd` does
/// so until the user's services are up.
fn slow_to_log_in() -> Node {
    assert!(is_root(), "this test changes what PAM does for its own sshd");
    let node = Node::with(&["ed25519"], "UsePAM yes");
    let (script, rules) = (node.path("session"), node.path("pam"));
    let go = node.path("go");
    let text = format!("#!/bin/sh\nuntil [ -e {} ]; do sleep 0.02; done\n", go.display());
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let permit = ["auth", "account"].map(|kind| format!("{kind} required pam_permit.so\n"));
    let session = format!("session required pam_exec.so {}\n", script.display());
    fs::write(&rules, format!("{}{session}", permit.concat())).unwrap();
    node.instead_of("/etc/pam.d/sshd", rules.to_str().unwrap());
    node
}

#[tokio::test]
async fn a_login_that_takes_longer_than_a_node_may_be_silent_is_waited_for() {
    let node = slow_to_log_in();
    let silence = Duration::from_millis(300);
    let limits = Limits { keepalive_interval: silence / 6, keepalive_max: 5, ..Limits::default() };
    let target = node.target();
    let logging_in = Session::connect(&target, &limits);
    let begun = Instant::now();
    let going = async {
        tokio::time::sleep(silence * 4).await;
        fs::write(node.path("go"), "").unwrap();
    };
    let (connected, ()) = tokio::join!(logging_in, going);
    let (session, _) = connected.unwrap();
    assert!(begun.elapsed() >= silence * 4);
    assert!(session.run(Command::new("work", "true")).await.unwrap().success());
    // From now on silence means what it means.
    node.signal_server("STOP");
    wait_for("the loss of the connection", || session.lost() == Some(Lost::Silent)).await;
}

#[tokio::test]
async fn a_login_that_comes_to_no_end_is_given_up_and_named() {
    let node = slow_to_log_in();
    let limits = Limits { session: Duration::from_millis(500), ..Limits::default() };
    let error = Session::connect(&node.target(), &limits).await.unwrap_err();
    fs::write(node.path("go"), "").unwrap();
    assert!(matches!(error, ConnectError::Timeout { .. }), "{error:?}");
    assert!(error.retryable());
    assert!(chain(&error).contains("the start of the session after the login"), "{error}");
}

#[test]
fn patience_makes_waits_longer_and_none_shorter() {
    let (usual, tenfold) = (Limits::default(), Limits::default().patient(10.0));
    assert_eq!(tenfold.session, usual.session * 10);
    assert_eq!(tenfold.keepalive_max, usual.keepalive_max * 10);
    for factor in [0.01, 1.0, 0.0, f64::NAN] {
        assert_eq!(Limits::default().patient(factor).connect, usual.connect);
    }
}

#[tokio::test]
async fn dropped_commands_leave_no_channel_behind() {
    let node = Node::start();
    let session = node.session().await;
    let mut pids = Vec::new();
    // More than the node's limit of ten, and more than ours of four.
    for number in 0..14 {
        let name = format!("pid-{number}");
        let running = {
            let (session, command) =
                (session.clone(), sleeper(&node, &name).deadline(Duration::from_mins(1)));
            tokio::spawn(async move { session.run(command).await })
        };
        pids.push(pid_in(&node.path(&name)).await);
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
    }
    let started = Instant::now();
    let output =
        session.run(Command::new("next", "true").deadline(Duration::from_secs(10))).await.unwrap();
    assert!(output.success());
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "the places are free at once: {:?}",
        started.elapsed()
    );
    for pid in pids {
        wait_for("the end of the dropped commands", || !is_alive(&pid)).await;
    }
}

#[tokio::test]
async fn commands_dropped_while_their_channel_opens_leave_none_behind() {
    let node = Node::start();
    let session = node.session().await;
    for microseconds in 0..60 {
        let command = session.run(Command::new("nothing", "true"));
        let _ = tokio::time::timeout(Duration::from_micros(microseconds * 50), command).await;
    }
    assert!(
        session
            .run(Command::new("next", "true").deadline(Duration::from_secs(10)))
            .await
            .unwrap()
            .success()
    );
}

#[tokio::test]
async fn a_dropped_command_of_an_ordinary_user_is_ended() {
    let _ = users::password();
    let node = Node::start();
    let session = connect(&node.target_as(users::PASSWORD, None)).await;
    let folder = node.path("open");
    fs::create_dir(&folder).unwrap();
    std::os::unix::fs::chown(&folder, Some(uid(users::PASSWORD)), None).unwrap();
    let command = sleeper(&node, "open/pid");
    let running = tokio::spawn(async move { session.run(command).await });
    let pid = pid_in(&folder.join("pid")).await;
    running.abort();
    wait_for("the end of the dropped command", || !is_alive(&pid)).await;
}

fn uid(user: &str) -> u32 {
    let output = std::process::Command::new("id").args(["-u", user]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn after_close_the_session_says_so() {
    let node = Node::start();
    let session = node.session().await;
    session.run(Command::new("first", "true")).await.unwrap();
    session.clone().close().await;
    let error = session.run(Command::new("next", "true")).await.unwrap_err();
    assert!(
        matches!(error, ExecError::ConnectionLost { source: Lost::ClosedByUs, .. }),
        "{error:?}"
    );
    let log = node.path("sshd.log");
    wait_for("the goodbye in sshd's log", || {
        fs::read_to_string(&log).unwrap().contains("Received disconnect")
    })
    .await;
}
