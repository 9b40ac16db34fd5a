use std::fs;
use std::time::Duration;

use terrarium_ssh::{Command, ExecError, SudoError, SudoMode};

use crate::node::{Node, chain, connect, is_alive, is_root, pid_in, text};
use crate::users;

fn who() -> Command {
    Command::new("ask who I am", "id -un; cat").as_root()
}

/// The reason a root command could not run, and the hint that goes with it.
fn reason(result: Result<terrarium_ssh::Output, ExecError>) -> (SudoError, String) {
    match result {
        Err(error) => {
            let hint = error.hint().unwrap_or_default();
            let ExecError::Sudo { source, .. } = error else { panic!("{error:?}") };
            (source, hint)
        }
        Ok(output) => panic!("it worked: {output:?}"),
    }
}

#[tokio::test]
async fn root_runs_directly_and_sees_only_its_own_input() {
    assert!(is_root(), "this test logs in as root");
    let node = Node::start();
    let session = connect(&node.target_as("root", Some("not asked for"))).await;
    assert_eq!(session.sudo(), None);
    for _ in 0..2 {
        let output = session.run(who().stdin("first line\nsecond")).await.unwrap();
        assert_eq!(output.stdout_text(), "root\nfirst line\nsecond");
    }
    assert_eq!(session.sudo(), Some(SudoMode::Root));
    assert_eq!(
        session.stats().round_trips,
        2,
        "finding the way to root costs no round trip of its own"
    );
}

#[tokio::test]
async fn passwordless_sudo_leaks_no_password_into_the_input() {
    let node = Node::start();
    let session = connect(&node.target_as(users::NO_PASSWORD, Some(users::password()))).await;
    for _ in 0..2 {
        let output = session.run(who().stdin("first line\nsecond")).await.unwrap();
        assert_eq!(output.stdout_text(), "root\nfirst line\nsecond");
        assert_eq!(output.stderr_text(), "");
    }
    assert_eq!(session.sudo(), Some(SudoMode::Passwordless));
    assert_eq!(session.stats().round_trips, 2);
}

#[tokio::test]
async fn a_sudo_that_authenticates_nobody_gets_no_password() {
    let node = Node::start();
    let session = connect(&node.target_as(users::UNASKED, Some(users::password()))).await;
    let output = session.run(who().stdin("payload")).await.unwrap();
    assert_eq!(output.stdout_text(), "root\npayload");
    assert_eq!(session.sudo(), Some(SudoMode::Passwordless));
}

#[tokio::test]
async fn passwordless_sudo_needs_no_password() {
    let _ = users::password();
    let node = Node::start();
    let session = connect(&node.target_as(users::NO_PASSWORD, None)).await;
    assert_eq!(text(&session.run(who()).await.unwrap()), "root");
}

#[tokio::test]
async fn sudo_gets_the_password_and_the_script_its_input() {
    let node = Node::start();
    let session = connect(&node.target_as(users::PASSWORD, Some(users::password()))).await;
    let payload: Vec<u8> = (0..300_000u32).flat_map(u32::to_le_bytes).collect();
    for _ in 0..3 {
        let output = session
            .run(Command::new("echo", "cat").as_root().stdin(payload.clone()))
            .await
            .unwrap();
        assert!(
            output.stdout == payload.as_slice(),
            "binary input comes back unchanged, {} bytes",
            output.stdout.parse(Vec::len)
        );
        assert_eq!(output.stderr_text(), "", "neither prompt nor lecture");
    }
    assert_eq!(text(&session.run(who()).await.unwrap()), "root");
    assert_eq!(session.sudo(), Some(SudoMode::Password));
    assert_eq!(session.stats().round_trips, 4);
}

#[tokio::test]
async fn sudo_that_asks_for_some_commands_only_leaks_nothing() {
    let node = Node::start();
    let session = connect(&node.target_as(users::SHELL_FREE, Some(users::password()))).await;
    for _ in 0..2 {
        let output = session.run(who().stdin("payload")).await.unwrap();
        assert_eq!(output.stdout_text(), "root\npayload");
    }
}

#[tokio::test]
async fn the_login_user_stays_the_login_user_without_root() {
    let node = Node::start();
    let session = connect(&node.target_as(users::PASSWORD, Some(users::password()))).await;
    let output = session.run(Command::new("ask who I am", "id -un; cat").stdin("x")).await.unwrap();
    assert_eq!(output.stdout_text(), format!("{}\nx", users::PASSWORD).as_str());
    assert_eq!(session.sudo(), None);
}

#[tokio::test]
async fn a_wrong_password_is_one_attempt_however_many_commands_want_root() {
    let _ = users::password();
    let node = Node::start();
    let session = connect(&node.target_as(users::WRONG, Some("wrong"))).await;
    let payload = "a line that sudo must not take for a password\n".repeat(5);
    let (first, second) =
        tokio::join!(session.run(who().stdin(payload.clone())), session.run(who().stdin(payload)));
    let third = session.run(who()).await;
    for result in [first, second, third] {
        let shown = chain(result.as_ref().unwrap_err());
        assert!(!shown.contains("wrong\n") && shown.contains("refused the password"), "{shown}");
        let (source, hint) = reason(result);
        assert_eq!(source, SudoError::WrongPassword);
        assert!(hint.contains("ssh.password_file"), "{hint}");
    }
    let log = fs::read_to_string(users::SUDO_LOG).unwrap().replace("\n    ", " ");
    let refused = log.lines().filter(|line| line.contains("incorrect password attempt")).count();
    assert!(refused == 1 && log.contains("1 incorrect password attempt"), "{log}");
    assert_eq!(session.stats().round_trips, 1);
}

#[tokio::test]
async fn a_needed_password_that_is_not_given_is_asked_for() {
    let _ = users::password();
    let node = Node::start();
    let session = connect(&node.target_as(users::PASSWORD, None)).await;
    let (source, hint) = reason(session.run(who()).await);
    assert_eq!(source, SudoError::PasswordNeeded);
    for way in ["--ask-password", "TERRARIUM_PASSWORD", "ssh.password_file"] {
        assert!(hint.contains(way), "{hint}");
    }
}

#[tokio::test]
async fn a_user_outside_sudoers_is_told_so() {
    let node = Node::start();
    let session = connect(&node.target_as(users::NOT_ALLOWED, Some(users::password()))).await;
    assert_eq!(reason(session.run(who()).await).0, SudoError::NotAllowed);
}

#[tokio::test]
async fn requiretty_is_recognised() {
    let node = Node::start();
    let session = connect(&node.target_as(users::TERMINAL, Some(users::password()))).await;
    assert_eq!(reason(session.run(who()).await).0, SudoError::RequiresTty);
}

#[tokio::test]
async fn a_node_without_sudo_is_recognised() {
    let _ = users::password();
    let node = Node::start();
    node.instead_of_sudo("/dev/null");
    let session = connect(&node.target_as(users::NOT_ALLOWED, Some(users::password()))).await;
    assert_eq!(reason(session.run(who()).await).0, SudoError::Missing);
}

#[tokio::test]
async fn many_root_commands_at_once_find_the_way_once() {
    let node = Node::start();
    let session = connect(&node.target_as(users::PASSWORD, Some(users::password()))).await;
    let commands = (0..6).map(|number| {
        let session = session.clone();
        tokio::spawn(async move { session.run(who().stdin(format!("{number}"))).await })
    });
    for (number, command) in commands.collect::<Vec<_>>().into_iter().enumerate() {
        assert_eq!(
            command.await.unwrap().unwrap().stdout_text(),
            format!("root\n{number}").as_str()
        );
    }
    assert_eq!(session.stats().round_trips, 6);
}

#[tokio::test]
async fn the_deadline_ends_a_root_process_on_the_node() {
    let node = Node::start();
    for user in [users::PASSWORD, users::NO_PASSWORD] {
        let session = connect(&node.target_as(user, Some(users::password()))).await;
        let file = node.path(user);
        let script = format!("echo $$ > {}; exec sleep 300", file.display());
        let command = Command::new("sleep", script).as_root().deadline(Duration::from_secs(1));
        let error = session.run(command).await.unwrap_err();
        assert!(matches!(error, ExecError::Deadline { ended_on_node: true, .. }), "{error:?}");
        assert!(!is_alive(&pid_in(&file).await), "{user}");
    }
}

#[tokio::test]
async fn no_secret_shows_in_the_process_list() {
    let node = Node::start();
    let session = connect(&node.target_as(users::PASSWORD, Some(users::password()))).await;
    let payload = "payload-secret-5b1f";
    // The script looks at the process list itself, while sudo and all shells around it live.
    let script = "cat > /dev/null; ps -eo args --no-headers --cols 100000";
    for _ in 0..2 {
        let command = Command::new("list processes", script).as_root().stdin(payload);
        let list = text(&session.run(command).await.unwrap());
        assert!(list.contains("sudo"), "the command's own processes are in the list: {list}");
        assert!(!list.contains(payload) && !list.contains(users::password()), "{list}");
    }
    let environment = session.run(Command::new("environment", "env").as_root()).await.unwrap();
    assert!(!environment.stdout_text().message().contains(users::password()));
}
