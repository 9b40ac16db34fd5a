//! Logins behind which something reads that is not sudo.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use terrarium_ssh::{Command, ExecError, Limits, Session, SudoError, SudoMode, Target};
use tokio::task::JoinSet;

use crate::node::{Node, chain, connect};
use crate::users;

/// Everything a command sends, should it be sent to the wrong reader.
const PAYLOAD: &str = "payload-secret-77c1";

fn command() -> Command {
    Command::new("ask who I am", "id -un; cat").as_root().stdin(PAYLOAD)
}

async fn impatient(target: &Target) -> Session {
    let wait = Duration::from_secs(3);
    let limits = Limits { start: wait, sudo: wait, ..Limits::default() };
    Session::connect(target, &limits).await.unwrap().0
}

/// A file of the node that every user may write to.
fn shared(node: &Node, name: &str) -> PathBuf {
    let file = node.path(name);
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    file
}

/// Runs a root command and one of the login user's, both with secret input, and
/// looks for secrets in everything that could hold one afterwards.
async fn gets_nothing(what: String, node: Node, user: &str) {
    let heard = node.path("heard");
    let session = impatient(&node.target_as(user, Some(users::password()))).await;
    for command in [command(), Command { root: false, ..command() }] {
        let Err(error) = session.run(command).await else { panic!("{what}: it ran") };
        let shown = format!("{} {error:?} {:?}", chain(&error), error.hint());
        let heard = fs::read_to_string(&heard).unwrap();
        let log = fs::read_to_string(node.path("sshd.log")).unwrap();
        for secret in [users::password(), PAYLOAD] {
            for text in [&shown, &heard, &log] {
                assert!(!text.contains(secret.trim()), "{what}: {text}");
            }
        }
        assert!(
            matches!(error, ExecError::NoShell { .. } | ExecError::NotStarted { .. }),
            "{what}: {error:?}"
        );
        assert!(error.hint().unwrap().contains("ForceCommand"), "{what}");
    }
}

/// The same for several nodes at once, each with its line of `sshd_config`.
async fn get_nothing(cases: Vec<(String, Node)>, setting: &str, user: &'static str) {
    let mut tasks = JoinSet::new();
    for (case, node) in cases {
        node.configure(&["ed25519"], &setting.replace("{}", &case));
        tasks.spawn(gets_nothing(case, node, user));
    }
    tasks.join_all().await;
}

/// A node and a command there that writes down what it reads, and repeats it.
fn listener() -> (Node, String) {
    let node = Node::start();
    let tee = format!("tee -a {}", shared(&node, "heard").display());
    (node, tee)
}

#[tokio::test]
async fn a_forced_command_that_reads_gets_nothing() {
    let _ = users::password();
    let cases = [
        "{tee}",
        "{tee} >&2",
        "while IFS= read -r line; do echo \"you said: $line\" | {tee}; done",
        "printf '%s\\n' \"$SSH_ORIGINAL_COMMAND\" >&2; {tee}",
        "set -v; eval \"echo '$SSH_ORIGINAL_COMMAND'\" >&2; {tee} >&2",
        "exec bash",
        "exec sh -v",
        "exec bash -i",
        "exec perl -ne 'print STDERR; print'",
        // Fixed text in the form of ours, of another command.
        "echo terrarium:hello:1.2.3 >&2; echo terrarium:password:1.2.3:sudo: >&2; {tee}",
        // A recorder with a terminal of its own: what is typed there is repeated.
        "exec script -qfc \"$SSH_ORIGINAL_COMMAND\" /dev/null",
    ];
    let cases = cases.map(|case| {
        let (node, tee) = listener();
        (case.replace("{tee}", &tee), node)
    });
    get_nothing(cases.into(), "ForceCommand {}", users::PASSWORD).await;
}

#[tokio::test]
async fn a_start_up_file_that_hands_over_gets_nothing() {
    let _ = users::password();
    let cases = ["exec bash --norc", "exec cat", "exec {tee}", "exec sh -x"].map(|case| {
        let (node, tee) = listener();
        (case.replace("{tee}", &tee), node)
    });
    get_nothing(cases.into(), "SetEnv TERRARIUM_TEST_RC=\"{}\"", users::START_UP).await;
}

#[tokio::test]
async fn a_login_shell_that_repeats_what_it_reads_gets_nothing() {
    let _ = users::password();
    let (node, _) = listener();
    gets_nothing("a login shell that repeats".to_owned(), node, users::REPEATS).await;
}

#[tokio::test]
async fn a_sudo_of_the_login_users_own_is_never_asked() {
    let node = Node::start();
    let heard = shared(&node, "heard");
    let bin = node.path("bin");
    fs::create_dir(&bin).unwrap();
    for name in ["sudo", "id", "sh"] {
        let script = format!(
            "#!/bin/bash\nprintf '%s\\n' \"$0 $*\" >>{0}\n\
             [ \"${{0##*/}}\" = sudo ] || exec \"/bin/${{0##*/}}\" \"$@\"\n\
             while [ $# -gt 0 ]; do [ \"$1\" != -p ] || echo -n \"$2\" >&2; shift; done\nexec tee -a {0}\n",
            heard.display()
        );
        fs::write(bin.join(name), script).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:/usr/bin:/bin", bin.display());
    node.configure(
        &["ed25519"],
        &format!("SetEnv TERRARIUM_TEST_RC=\"export PATH={path}; sudo() {{ {}/sudo \\\"$@\\\"; }}; export -f sudo\"", bin.display()),
    );
    let session = connect(&node.target_as(users::START_UP, Some(users::password()))).await;
    let output = session.run(command()).await.unwrap();
    assert_eq!(output.stdout_text(), format!("root\n{PAYLOAD}").as_str());
    let heard = fs::read_to_string(heard).unwrap();
    assert!(!heard.contains("/sudo ") && !heard.contains(users::password().trim()), "{heard}");
}

#[tokio::test]
async fn a_login_that_traces_its_shells_still_becomes_root() {
    let _ = users::password();
    let node = Node::start();
    let rc = "set -x; export SHELLOPTS";
    node.configure(&["ed25519"], &format!("SetEnv TERRARIUM_TEST_RC=\"{rc}\""));
    let session = connect(&node.target_as(users::START_UP, Some(users::password()))).await;
    let output = session.run(command()).await.unwrap();
    assert_eq!(output.stdout_text(), format!("root\n{PAYLOAD}").as_str());
    assert!(
        !output.stderr_text().message().contains(users::password().trim()),
        "{}",
        output.stderr_text().message()
    );
}

#[tokio::test]
async fn a_talkative_sudo_is_understood() {
    let node = Node::start();
    for user in [users::TALKATIVE, users::OWN_QUESTION] {
        let session = connect(&node.target_as(user, Some(users::password()))).await;
        for _ in 0..2 {
            let output = session.run(command()).await.unwrap();
            assert_eq!(output.stdout_text(), format!("root\n{PAYLOAD}").as_str(), "{user}");
            assert_eq!(output.stderr_text(), "", "{user}");
        }
        assert_eq!(session.sudo(), Some(SudoMode::Password));
    }
}

#[tokio::test]
async fn a_talkative_sudo_gets_a_wrong_password_once() {
    let _ = users::password();
    let node = Node::start();
    for user in [users::TALKATIVE, users::OWN_QUESTION] {
        let session = connect(&node.target_as(user, Some("wr0ng-secret"))).await;
        let error = session.run(command()).await.unwrap_err();
        let ExecError::Sudo { source, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*source, SudoError::WrongPassword, "{user}");
        let shown = format!("{} {error:?}", chain(&error));
        assert!(!shown.contains("wr0ng-secret"), "{shown}");
    }
}

#[tokio::test]
async fn a_question_for_something_else_is_told_and_not_answered() {
    let node = Node::start();
    for user in [users::CODE_FIRST, users::CODE_LAST] {
        let session = impatient(&node.target_as(user, Some(users::password()))).await;
        let error = session.run(command()).await.unwrap_err();
        let ExecError::Sudo { source: SudoError::Asks(question), .. } = &error else {
            panic!("{user}: {error:?}")
        };
        assert!(!question.contains("terrarium:"), "{question}");
        let shown = format!("{} {error:?}", chain(&error));
        assert!(!shown.contains(users::password().trim()), "{shown}");
        assert!(error.hint().unwrap().contains("pam.d"), "{error}");
        // Those that come after it do not wait for the same.
        let next = session.run(command()).await.unwrap_err();
        assert!(matches!(next, ExecError::Sudo { .. }), "{next:?}");
        assert_eq!(session.stats().round_trips, 1);
    }
}
