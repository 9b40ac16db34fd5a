use std::fs;
use std::path::PathBuf;

use terrarium_ssh::{
    AuthMethod, Command, ConnectError, ExecError, Limits, Session, SudoError, Target, Turned,
    Unstarted,
};

use crate::login::{authorise, full_agent, greet};
use crate::node::{Node, chain, connect};
use crate::users;

/// What a shell would trip over, and what it makes of it.
const SCRIPT: &str =
    "printf '%s\\n' 'a\\b \\\\ !! !x $HOME `id` it'\\''s' \"$(id -un)\"\ncat\n# ☃\n";
const SAYS: &str = "a\\b \\\\ !! !x $HOME `id` it's\nroot\nin\\put\n";

#[tokio::test]
async fn root_is_reached_from_every_login_shell() {
    let password = users::password();
    let node = Node::start();
    for (user, shell) in users::SHELLS {
        let session = connect(&node.target_as(user, Some(password))).await;
        let command = Command::new("say", SCRIPT).as_root().stdin("in\\put\n");
        let result = session.run(command).await;
        if shell.ends_with("rbash") {
            let Err(error) = result else { panic!("{shell}: it runs other programs") };
            let ExecError::NotStarted { why: Unstarted::NoShell, .. } = &error else {
                panic!("{shell}: {error:?}")
            };
            continue;
        }
        let output = result.unwrap_or_else(|error| panic!("{shell}: {}", chain(&error)));
        assert_eq!(output.stdout_text(), SAYS, "{shell}");
        assert_eq!(output.stderr_text(), "", "{shell}");
    }
}

#[tokio::test]
async fn a_login_that_runs_nothing_is_told_by_its_reason_and_what_mends_it() {
    let password = users::password();
    let forced = |command: &str| format!("UsePAM yes\nForceCommand {command}");
    let rc = |line: &str| format!("SetEnv TERRARIUM_TEST_RC=\"{line}\"");
    for (user, setting, why, says, hint) in [
        (users::NO_LOGIN, forced("none"), Unstarted::NoShell, "not available", "usermod --shell"),
        (
            users::FALSE,
            String::new(),
            Unstarted::Silent,
            "(status 1); it printed nothing",
            ".bashrc",
        ),
        (users::START_UP, rc("exit 3"), Unstarted::Silent, "(status 3)", "~/.bashrc"),
        (
            users::START_UP,
            rc("echo gone; exit 0"),
            Unstarted::Other,
            "it printed: gone",
            "start-up files",
        ),
        (
            users::OLD_PASSWORD,
            "UsePAM yes".to_owned(),
            Unstarted::PasswordExpired,
            "Password change required",
            "change the password",
        ),
        (users::PASSWORD, forced("id"), Unstarted::Other, "uid=", "ForceCommand"),
        (
            users::PASSWORD,
            forced("internal-sftp"),
            Unstarted::FilesOnly,
            "file transfers only",
            "sshd -T -C user=terrarium-test-pw",
        ),
    ] {
        let node = Node::start();
        node.configure(&["ed25519"], &setting);
        let session = connect(&node.target_as(user, Some(password))).await;
        let error = session.run(Command::new("say", "true").as_root()).await.unwrap_err();
        let ExecError::NotStarted { why: found, .. } = &error else { panic!("{user}: {error:?}") };
        assert_eq!(*found, why, "{user} {setting}: {error}");
        let text = chain(&error);
        assert!(text.contains(says) && text.contains("node `pi-1`"), "{user} {setting}: {text}");
        let hint_is = error.hint().unwrap();
        assert!(hint_is.contains(hint), "{user} {setting}: {hint_is}");
        assert!(!text.contains("sudo") && !text.contains(password.trim()), "{text}");
    }
}

/// A node whose PAM asks a file of its own whether anybody is let in.
fn with_nologin() -> (Node, PathBuf) {
    let node = Node::start();
    let (file, stack) = (node.path("nologin"), node.path("pam"));
    let text = fs::read_to_string("/etc/pam.d/sshd").unwrap();
    let changed =
        text.replace("pam_nologin.so", &format!("pam_nologin.so file={}", file.display()));
    assert_ne!(text, changed, "Debian's stack asks pam_nologin");
    fs::write(&stack, changed).unwrap();
    node.instead_of("/etc/pam.d/sshd", &stack.to_string_lossy());
    (node, file)
}

#[tokio::test]
async fn a_node_that_lets_nobody_in_yet_is_told_in_its_words_and_worth_waiting_for() {
    let password = users::password();
    let words = "System is booting up. Unprivileged users are not permitted to log in yet.";
    for (setting, key) in [
        ("UsePAM yes", true),
        ("UsePAM yes\nPasswordAuthentication yes", false),
        ("UsePAM yes\nBanner /etc/hostname\nPasswordAuthentication yes", true),
    ] {
        let (node, file) = with_nologin();
        fs::write(&file, format!("{words}\n")).unwrap();
        node.configure(&["ed25519"], setting);
        let mut target = node.target_as(users::PASSWORD, Some(password));
        if !key {
            target.identities.clear();
        }
        let error = greet(&target).await.unwrap_err();
        let ConnectError::Account { why, said, .. } = &error else {
            panic!("{setting}: {}", chain(&error))
        };
        assert_eq!(*why, Turned::NotUp, "{setting}: {said}");
        assert!(error.is_not_up() && error.retryable(), "{error}");
        assert!(error.to_string().contains(words), "{setting}: {error}");
        fs::remove_file(&file).unwrap();
        greet(&target).await.unwrap_or_else(|error| panic!("{setting}: {error}"));
    }
}

#[tokio::test]
async fn an_account_that_is_turned_away_is_no_wrong_key() {
    let _ = users::password();
    let node = Node::start();
    node.configure(&["ed25519"], "UsePAM yes");
    let error = greet(&node.target_as(users::EXPIRED, None)).await.unwrap_err();
    let ConnectError::Account { why: Turned::Expired, said, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(said.contains("account has expired"), "{said}");
    assert!(error.hint().unwrap().contains("chage -E -1 terrarium-test-expired"), "{error}");
    assert!(!error.retryable());

    let (node, file) = with_nologin();
    fs::write(&file, "Back on Monday\n").unwrap();
    node.configure(&["ed25519"], "UsePAM yes");
    let error = greet(&node.target_as(users::PASSWORD, None)).await.unwrap_err();
    let ConnectError::Account { why: Turned::Other, .. } = &error else { panic!("{error:?}") };
    assert!(error.to_string().contains("it says: Back on Monday"), "{error}");
    assert!(error.hint().unwrap().contains("/etc/nologin"), "{error}");
}

#[tokio::test]
async fn a_refused_password_is_told_as_that() {
    let password = users::password();
    let node = Node::start();
    node.configure(&["ed25519"], "UsePAM yes\nPasswordAuthentication yes");
    for (user, password) in [(users::LOCKED, password), (users::WRONG, "wr0ng-secret")] {
        let target = Target { identities: Vec::new(), ..node.target_as(user, Some(password)) };
        let hint = greet(&target).await.unwrap_err().hint().unwrap();
        assert!(hint.starts_with("the password was refused"), "{hint}");
        assert!(hint.contains(&format!("sudo passwd -S {user}")), "{hint}");
        assert!(hint.contains(&format!("`ssh-copy-id -p {} {user}@127.0.0.1`", target.port)));
    }
}

#[tokio::test]
async fn an_expired_password_is_told_where_the_login_asks_for_a_new_one() {
    let password = users::password();
    let node = Node::start();
    node.configure(&["ed25519"], "UsePAM yes\nKbdInteractiveAuthentication yes");
    let target =
        Target { identities: Vec::new(), ..node.target_as(users::OLD_PASSWORD, Some(password)) };
    let error = greet(&target).await.unwrap_err();
    let text = format!("{} {}", chain(&error), error.hint().unwrap());
    assert!(
        text.contains("required to change your password") && text.contains("log in by hand"),
        "{text}"
    );
    assert!(text.contains("ssh -p "), "{text}");
}

#[tokio::test]
async fn sudo_that_waits_for_a_new_password_is_told_as_that() {
    let password = users::password();
    let node = Node::start();
    let session = connect(&node.target_as(users::OLD_PASSWORD, Some(password))).await;
    let error = session.run(Command::new("say", "true").as_root()).await.unwrap_err();
    let ExecError::Sudo { source: SudoError::Expired, .. } = &error else { panic!("{error:?}") };
    assert!(error.hint().unwrap().contains("passwd"), "{error}");
}

#[tokio::test]
async fn the_password_gets_its_try_however_few_attempts_the_node_allows() {
    let password = users::password();
    for tries in [1, 2, 3, 6] {
        let node = Node::start();
        node.configure(&["ed25519"], &format!("PasswordAuthentication yes\nMaxAuthTries {tries}"));
        let (agent, _) = full_agent(&node, 7).await;
        let target = Target {
            identities: Vec::new(),
            agent_socket: Some(agent.socket.clone()),
            ..node.target_as(users::PASSWORD, Some(password))
        };
        assert_eq!(greet(&target).await.unwrap().auth, AuthMethod::Password, "{tries}");
        let connections = if tries > 5 { 1 } else { 2 };
        assert_eq!(node.connections(), connections, "{tries}");
    }
}

#[tokio::test]
async fn a_named_key_comes_before_a_full_agent() {
    let node = Node::start();
    node.configure(&["ed25519"], "MaxAuthTries 2");
    let (agent, _) = full_agent(&node, 7).await;
    let target = Target { agent_socket: Some(agent.socket.clone()), ..node.target() };
    assert_eq!(greet(&target).await.unwrap().auth, AuthMethod::Identity(node.path("id_ed25519")));
    assert_eq!(node.connections(), 1);
}

#[tokio::test]
async fn too_many_keys_are_tried_as_far_as_it_goes_and_the_hint_names_identity() {
    let node = Node::start();
    let (agent, keys) = full_agent(&node, 7).await;
    let target = Target {
        identities: Vec::new(),
        agent_socket: Some(agent.socket.clone()),
        ..node.target()
    };
    node.configure(&["ed25519"], "MaxAuthTries 2");
    let error = greet(&target).await.unwrap_err();
    assert!(matches!(error, ConnectError::Auth { .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("identity = "), "{error}: {:?}", error.hint());
    assert!(error.to_string().contains("Too many authentication failures"), "{error}");
    assert!(error.to_string().contains("left out"), "{error}");

    // Without a password there is nothing to keep an attempt for.
    authorise(&node, &keys[6]);
    node.configure(&["ed25519"], "MaxAuthTries 6");
    assert!(matches!(greet(&target).await.unwrap().auth, AuthMethod::Agent(_)));
}

#[tokio::test]
async fn a_key_and_a_password_are_given_over_a_second_connection_too() {
    let password = users::password();
    let node = Node::start();
    node.configure(
        &["ed25519"],
        "PasswordAuthentication yes\nAuthenticationMethods publickey,password\nMaxAuthTries 3",
    );
    let (agent, keys) = full_agent(&node, 5).await;
    authorise(&node, &keys[3]);
    let target = Target {
        identities: Vec::new(),
        agent_socket: Some(agent.socket.clone()),
        ..node.target_as(users::PASSWORD, Some(password))
    };
    let limits = Limits::default();
    let (session, greeting) = Session::connect(&target, &limits).await.unwrap();
    assert_eq!(greeting.auth, AuthMethod::Password);
    session.close().await;
}
