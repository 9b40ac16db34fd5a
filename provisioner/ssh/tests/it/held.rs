use std::time::Duration;

use terrarium_ssh::{Command, ExecError, Session};

use crate::node::{Node, connect, is_root, text, wait_for};
use crate::users;

/// A lock that lives as long as its standard input.
fn lock(node: &Node) -> Command {
    let file = node.path("lock");
    Command::new(
        "lock the node",
        format!(
            "exec 9>>{0}; flock -n 9 || {{ echo taken >&2; exit 9; }}; echo locked; cat >/dev/null",
            file.display()
        ),
    )
    .as_root()
    .deadline(Duration::from_secs(10))
}

async fn until_free(node: &Node, session: &Session) {
    // flock itself waits, so that the test does not have to.
    let script = format!("flock -w 10 {} true", node.path("lock").display());
    assert_eq!(
        text(&session.run(Command::new("wait for the lock", script).as_root()).await.unwrap()),
        ""
    );
}

async fn held_and_released(node: &Node, session: &Session) {
    let held = session.hold(lock(node)).await.unwrap();
    assert!(*held.first_line() == "locked");
    assert!(held.is_alive());

    let refused = session.hold(lock(node)).await.unwrap_err();
    let ExecError::EndedEarly { output, .. } = &refused else { panic!("{refused:?}") };
    assert_eq!((output.status, output.stderr_text()), (9, "taken\n".into()));

    // Other commands run meanwhile; closing gives the command time to end.
    assert!(session.run(Command::new("meanwhile", "true").as_root()).await.unwrap().success());
    assert!(held.close().await.unwrap().success());
    until_free(node, session).await;

    // Dropping releases it as well.
    let held = session.hold(lock(node)).await.unwrap();
    drop(held);
    until_free(node, session).await;
}

#[tokio::test]
async fn a_lock_is_held_while_we_hold_it_as_root() {
    assert!(is_root(), "this test logs in as root");
    let node = Node::start();
    held_and_released(&node, &node.session().await).await;
}

#[tokio::test]
async fn a_lock_is_held_while_we_hold_it_through_sudo() {
    for user in [users::PASSWORD, users::NO_PASSWORD] {
        let node = Node::start();
        let session = connect(&node.target_as(user, Some(users::password()))).await;
        held_and_released(&node, &session).await;
    }
}

#[tokio::test]
async fn a_lock_ends_with_the_connection() {
    let node = Node::start();
    let session = node.session().await;
    let held = session.hold(lock(&node)).await.unwrap();
    node.signal_server("KILL");
    held.ended().await;
    assert!(!held.is_alive());
    held.ended().await;
    until_free(&node, &node.session().await).await;
    assert!(matches!(held.close().await, Err(ExecError::ConnectionLost { .. })));
}

#[tokio::test]
async fn an_end_by_itself_is_noticed() {
    let node = Node::start();
    let session = node.session().await;
    let release = node.path("release");
    let made = std::process::Command::new("mkfifo").arg(&release).status().unwrap();
    assert!(made.success());
    let script = format!("echo ready; read -r word < {}; exit 3", release.display());
    let held = session.hold(Command::new("wait", script)).await.unwrap();
    std::fs::write(&release, "go\n").unwrap();
    held.ended().await;
    wait_for("the end to be visible", || !held.is_alive()).await;
    assert_eq!(held.close().await.unwrap().status, 3);
}

#[tokio::test]
async fn a_first_line_that_never_comes_is_a_deadline() {
    let node = Node::start();
    let session = node.session().await;
    let command =
        Command::new("say nothing", "cat >/dev/null").deadline(Duration::from_millis(300));
    let error = session.hold(command).await.unwrap_err();
    assert!(matches!(error, ExecError::Deadline { .. }), "{error:?}");
}

#[tokio::test]
async fn the_input_given_beforehand_is_sent() {
    let node = Node::start();
    let session = node.session().await;
    let command = Command::new("echo", "read -r word; echo \"$word\"; cat").stdin("hello\n");
    let held = session.hold(command).await.unwrap();
    assert!(*held.first_line() == "hello");
    assert_eq!(held.close().await.unwrap().stdout_text(), "hello\n");
}
