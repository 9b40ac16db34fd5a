use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use super::*;

/// A shell script that says when it is under way.
fn script(folder: &Path, text: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", text]).current_dir(folder).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts a script, drops it once it is under way, and waits until none is left.
async fn dropped(folder: &Path, text: &str) -> Duration {
    let children = Children::default();
    let run = children.run(script(folder, text), Duration::from_mins(5));
    let begun = folder.join("begun");
    tokio::select! {
        ended = run => panic!("it ended: {ended:?}"),
        () = written(&begun) => {}
    }
    assert!(!children.is_empty());
    let begun = Instant::now();
    while !children.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    begun.elapsed()
}

async fn written(path: &Path) {
    while !path.exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The process whose id is in a file, as the system shows it; none once it is gone.
fn process(file: &Path) -> Option<String> {
    let id = fs_err::read_to_string(file).expect("an id");
    let stat = fs_err::read_to_string(format!("/proc/{}/stat", id.trim())).ok()?;
    // One that ended and is still to be taken notice of is gone as well.
    (!stat.contains(") Z ")).then_some(stat)
}

#[tokio::test]
async fn a_program_nobody_waits_for_is_asked_to_end_and_ends_in_its_own_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let text =
        "trap 'echo ended >ended; kill $child; exit 1' TERM; sleep 600 & child=$!; : >begun; wait";
    dropped(folder.path(), text).await;
    let ended = fs_err::read_to_string(folder.path().join("ended"));
    assert_eq!(ended.expect("it ended cleanly"), "ended\n");
}

#[tokio::test]
async fn a_program_that_will_not_end_is_killed_with_all_it_started() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "trap '' TERM; sh -c 'echo $$ >child; : >begun; sleep 600; :' & echo $$ >own; wait; sleep 600";
    let took = dropped(folder.path(), text).await;
    assert!(took >= GRACE, "it was given its time: {took:?}");
    for file in ["own", "child"] {
        let left = process(&folder.path().join(file));
        assert_eq!(left, None, "{file} is left behind");
    }
}

#[tokio::test]
async fn what_a_program_leaves_behind_ends_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "sh -c 'trap \"\" TERM; echo $$ >child; : >begun; sleep 600; :' & wait";
    dropped(folder.path(), text).await;
    assert_eq!(process(&folder.path().join("child")), None);
}

#[tokio::test]
async fn a_program_that_outlives_its_deadline_is_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let children = Children::default();
    let run = children.run(script(folder.path(), "exec sleep 600"), Duration::from_millis(50));
    assert!(matches!(run.await.expect("it ran"), Ended::Late));
    assert!(children.is_empty());
}

#[tokio::test]
async fn all_are_killed_at_once_when_that_is_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let children = Children::default();
    let text = "trap '' TERM; : >begun; while :; do sleep 600; done";
    let run = children.run(script(folder.path(), text), Duration::from_mins(5));
    let killed = async {
        written(&folder.path().join("begun")).await;
        children.kill();
    };
    let (ended, ()) = tokio::join!(run, killed);
    let Ended::Alone(output) = ended.expect("it ran") else { panic!("not by its deadline") };
    assert!(!output.status.success());
}
