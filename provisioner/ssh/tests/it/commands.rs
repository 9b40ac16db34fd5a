use std::io::Cursor;
use std::process::Command as Process;
use std::sync::Mutex;
use std::time::Duration;

use terrarium_ssh::{Command, ExecError, Limits, Session};

use crate::node::{Node, connect, text};
use crate::users;

#[tokio::test]
async fn status_and_both_outputs_come_back() {
    let node = Node::start();
    let session = node.session().await;
    let output = session.run(Command::new("fail", "echo out; echo err >&2; exit 7")).await.unwrap();
    assert_eq!(
        (output.status, output.stdout_text(), output.stderr_text()),
        (7, "out\n".into(), "err\n".into())
    );
    assert!(!output.success() && !output.stdout_cut && !output.stderr_cut);
}

#[tokio::test]
async fn scripts_arrive_as_written() {
    let node = Node::start();
    let session = node.session().await;
    let script =
        "x='a  b'\nprintf '%s|%s|%s\\n' \"$x\" 'it'\\''s' \"\\$HOME `echo !`\" # comment\n";
    assert_eq!(
        text(&session.run(Command::new("quote", script)).await.unwrap()),
        "a  b|it's|$HOME !"
    );
}

#[tokio::test]
async fn messages_of_programs_are_in_english() {
    let node = Node::start();
    let session = node.session().await;
    assert_eq!(text(&session.run(Command::new("ask", "echo $LC_ALL")).await.unwrap()), "C");
}

#[tokio::test]
async fn output_after_the_standard_output_is_closed_still_counts() {
    let node = Node::start();
    let session = node.session().await;
    let output = session
        .run(Command::new("close early", "echo out; exec >&-; echo late >&2; exit 3"))
        .await
        .unwrap();
    assert_eq!((output.status, output.stderr_text()), (3, "late\n".into()));
}

#[tokio::test]
async fn what_a_noisy_login_shell_prints_is_cut_off() {
    let _ = users::password();
    let node = Node::start();
    let session = connect(&node.target_as(users::NO_PASSWORD, None)).await;
    let output = session.run(Command::new("speak", "echo out; echo err >&2")).await.unwrap();
    assert_eq!((output.stdout_text(), output.stderr_text()), ("out\n".into(), "err\n".into()));
}

#[tokio::test]
async fn a_login_without_a_shell_is_told_from_a_failed_script() {
    let node = Node::start();
    node.configure(
        &["ed25519"],
        "ForceCommand echo 'This account is currently not available.'; exit 1",
    );
    let session = node.session().await;
    let error = session.run(Command::new("speak", "exit 1")).await.unwrap_err();
    let ExecError::NotStarted { status: 1, said, .. } = &error else { panic!("{error:?}") };
    assert_eq!(said, "This account is currently not available.");
}

#[tokio::test]
async fn a_dozen_commands_at_once_all_succeed() {
    let node = Node::start();
    let session = node.session().await;
    let commands = (0..24).map(|number| {
        let session = session.clone();
        tokio::spawn(async move {
            session.run(Command::new("count", format!("echo {number}; exit {number}"))).await
        })
    });
    for (number, command) in commands.collect::<Vec<_>>().into_iter().enumerate() {
        let output = command.await.unwrap().unwrap();
        assert_eq!(output.status.unsigned_abs() as usize, number);
        assert!(output.stdout_text() == format!("{number}\n").as_str());
    }
    let stats = session.stats();
    assert_eq!((stats.handshakes, stats.round_trips, node.connections()), (1, 24, 1));
}

#[tokio::test]
async fn commands_beyond_the_nodes_own_limit_are_asked_for_again() {
    let node = Node::start();
    node.configure(&["ed25519"], "MaxSessions 2");
    let session = node.session().await;
    let commands = (0..12).map(|_| {
        let session = session.clone();
        tokio::spawn(async move { session.run(Command::new("nothing", "true")).await })
    });
    for command in commands.collect::<Vec<_>>() {
        assert!(command.await.unwrap().unwrap().success());
    }
}

#[tokio::test]
async fn no_more_commands_run_at_once_than_allowed() {
    let node = Node::start();
    let limits = Limits { channels: 2, ..Limits::default() };
    let (session, _) = Session::connect(&node.target(), &limits).await.unwrap();
    // Each command takes one of two places; a third at the same time finds none.
    let script = format!(
        "cd {}; if mkdir a; then mine=a; elif mkdir b; then mine=b; else exit 9; fi 2>/dev/null; sleep 0.05; rmdir $mine",
        node.path("").display()
    );
    let commands = (0..12).map(|_| {
        let (session, command) = (session.clone(), Command::new("take a place", script.clone()));
        tokio::spawn(async move { session.run(command).await })
    });
    for command in commands.collect::<Vec<_>>() {
        assert_eq!(command.await.unwrap().unwrap().status, 0);
    }
}

#[tokio::test]
async fn costs_are_counted() {
    let node = Node::start();
    let session = node.session().await;
    let before = session.stats();
    assert_eq!((before.handshakes, before.round_trips), (1, 0));
    for _ in 0..3 {
        session
            .run(Command::new("nothing", "head -c 100000 /dev/zero").stdin(vec![0; 50_000]))
            .await
            .unwrap();
    }
    let after = session.stats();
    assert_eq!((after.handshakes, after.round_trips), (1, 3));
    let received = after.bytes_received - before.bytes_received;
    assert!((300_000..400_000).contains(&received), "{received}");
    assert!(after.bytes_sent > before.bytes_sent);
}

/// Bytes that repeat nowhere near a packet's size.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn sha256(node: &Node, data: &[u8]) -> String {
    let file = node.path("local copy");
    std::fs::write(&file, data).unwrap();
    let output =
        Process::new("sha256sum").stdin(std::fs::File::open(file).unwrap()).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_large_upload_arrives_whole_and_its_progress_is_told() {
    let node = Node::start();
    let session = node.session().await;
    let data = noise((12 << 20) + 12_345);
    let told = Mutex::new(Vec::new());
    let command =
        Command::new("upload", "read -r header; echo \"$header\"; sha256sum").stdin("header\n");
    let output = session
        .stream(command, Cursor::new(&data), |sent| told.lock().unwrap().push(sent))
        .await
        .unwrap();
    assert_eq!(text(&output), format!("header\n{}  -", sha256(&node, &data)));
    let told = told.into_inner().unwrap();
    assert!(told.len() > 10 && told.is_sorted());
    assert_eq!(told.last(), Some(&(data.len() as u64)));
}

#[tokio::test]
async fn a_large_download_arrives_whole() {
    let node = Node::start();
    let session = node.session().await;
    let data = noise(12 << 20);
    let sum = sha256(&node, &data);
    let output = session.run(Command::new("echo", "cat").stdin(data)).await.unwrap();
    assert!(output.success() && !output.stdout_cut);
    assert_eq!(output.stdout.parse(|bytes| sha256(&node, bytes)), sum);
}

#[tokio::test]
async fn a_script_need_not_read_its_input() {
    let node = Node::start();
    let session = node.session().await;
    let command = Command::new("ignore", "exit 5").stdin(vec![0; 8 << 20]);
    assert_eq!(session.run(command).await.unwrap().status, 5);
    assert!(session.run(Command::new("next", "true")).await.unwrap().success());
}

#[tokio::test]
async fn too_much_output_is_cut_in_the_middle() {
    let node = Node::start();
    let limits = Limits { stdout_bytes: 1000, ..Limits::default() };
    let (session, _) = Session::connect(&node.target(), &limits).await.unwrap();
    let output = session.run(Command::new("flood", "seq 1 200000")).await.unwrap();
    assert!(output.stdout_cut && output.stdout.parse(Vec::len) < 1100);
    let text = output.stdout_text().message();
    assert!(
        text.starts_with("1\n2\n") && text.contains("left out") && text.ends_with("\n200000"),
        "{text}"
    );
}

#[tokio::test]
async fn a_script_too_long_for_an_argument_is_refused_before_it_is_sent() {
    let node = Node::start();
    let session = node.session().await;
    let long = |length| Command::new("long", format!("{} :", "#".repeat(length)));
    assert!(session.run(long(110 << 10)).await.unwrap().success());
    assert!(matches!(session.run(long(120 << 10)).await, Err(ExecError::ScriptTooLong { .. })));
    assert_eq!(session.stats().round_trips, 1);
}

#[tokio::test]
async fn input_that_cannot_be_read_is_told_from_a_failed_script() {
    struct Broken;
    impl tokio::io::AsyncRead for Broken {
        fn poll_read(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            _: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            std::task::Poll::Ready(Err(std::io::Error::other("the disk is gone")))
        }
    }
    let node = Node::start();
    let session = node.session().await;
    let error =
        session.stream(Command::new("upload", "cat; sleep 60"), Broken, |_| {}).await.unwrap_err();
    assert!(matches!(error, ExecError::Input { .. }), "{error:?}");
    assert!(
        session
            .run(Command::new("next", "true").deadline(Duration::from_secs(20)))
            .await
            .unwrap()
            .success()
    );
}
