use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::look::alone;
use super::*;

const ME: u32 = 1000;
const OTHER: u32 = 1001;

fn me() -> Me {
    Me { user: ME, before: None, alone: Some(1000) }
}

fn root() -> Me {
    Me { user: 0, before: None, alone: Some(0) }
}

fn step(kind: Kind, owner: u32, group: u32, mode: u32) -> Step {
    Step { path: "/x".into(), kind, owner, group, mode, list: false }
}

/// What each rule says of a step: `-` fine, `t` told, `r` refused.
fn verdicts(step: &Step, me: &Me) -> String {
    [Rule::Secret, Rule::Ours, Rule::Shared]
        .into_iter()
        .map(|rule| match judge(std::slice::from_ref(step), rule, me) {
            None => '-',
            Some(fault) if fault.told => 't',
            Some(_) => 'r',
        })
        .collect()
}

#[test]
fn table() {
    use Kind::{File, Folder, Link};
    for (what, step, who, expected) in [
        ("a file of mine", step(File, ME, 1000, 0o600), me(), "---"),
        ("read by all", step(File, ME, 1000, 0o644), me(), "r--"),
        ("read by my group", step(File, ME, 1000, 0o640), me(), "r--"),
        ("written by my own group", step(File, ME, 1000, 0o664), me(), "r--"),
        ("written by a group of several", step(File, ME, 100, 0o664), me(), "rrt"),
        ("written by all", step(File, ME, 1000, 0o666), me(), "rrr"),
        ("executed by all", step(File, ME, 1000, 0o711), me(), "r--"),
        ("root's, read by a group", step(File, 0, 100, 0o640), me(), "---"),
        ("root's, read by all", step(File, 0, 0, 0o644), me(), "r--"),
        ("root's, written by root's group", step(File, 0, 0, 0o664), me(), "r--"),
        ("root's, written by a group", step(File, 0, 100, 0o660), me(), "rrt"),
        ("another user's", step(File, OTHER, 1001, 0o600), me(), "rrr"),
        ("another user's, before root", step(File, OTHER, 1001, 0o600), root(), "trt"),
        ("another user's, read by all, before root", step(File, OTHER, 1001, 0o644), root(), "rrt"),
        ("root's own, before root", step(File, 0, 0, 0o600), root(), "---"),
        ("root's own, read by all, before root", step(File, 0, 0, 0o644), root(), "r--"),
        ("a folder of mine", step(Folder, ME, 1000, 0o755), me(), "---"),
        ("a folder my own group writes", step(Folder, ME, 1000, 0o775), me(), "---"),
        ("a folder a group writes", step(Folder, ME, 100, 0o775), me(), "trt"),
        ("a folder all write", step(Folder, ME, 1000, 0o777), me(), "rrr"),
        ("root's folder all write", step(Folder, 0, 0, 0o777), me(), "rrr"),
        ("/tmp", step(Folder, 0, 0, 0o1777), me(), "---"),
        ("a sticky folder of another user", step(Folder, OTHER, 1001, 0o1777), me(), "rrr"),
        ("a sticky bit on a file means nothing", step(File, ME, 1000, 0o1666), me(), "rrr"),
        ("a link of mine", step(Link, ME, 1000, 0o777), me(), "---"),
        ("root's link", step(Link, 0, 0, 0o777), me(), "---"),
        ("a link of another user", step(Link, OTHER, 1001, 0o777), me(), "rrr"),
        (
            "a list beside my own group",
            Step { list: true, ..step(File, ME, 1000, 0o660) },
            me(),
            "rrt",
        ),
        (
            "a list that lets nobody write",
            Step { list: true, ..step(Folder, ME, 1000, 0o755) },
            me(),
            "---",
        ),
        (
            "the user who called sudo",
            step(File, ME, 1000, 0o600),
            Me { before: Some(ME), ..root() },
            "---",
        ),
        (
            "another than who called sudo",
            step(File, OTHER, 1001, 0o600),
            Me { before: Some(ME), ..root() },
            "trt",
        ),
    ] {
        assert_eq!(verdicts(&step, &who), expected, "{what}");
    }
}

#[test]
fn one_step_that_refuses_counts_more_than_one_that_is_told_before() {
    let steps = [
        step(Kind::Folder, ME, 100, 0o775),
        Step { path: "/y".into(), ..step(Kind::File, ME, 1000, 0o666) },
    ];
    let fault = judge(&steps, Rule::Shared, &me()).unwrap();
    assert!(!fault.told);
    assert_eq!(fault.to_string(), "/y can be written by everybody (mode 0666)");
    assert_eq!(fault.mend, "chmod go-w /y");
}

#[test]
fn a_group_of_one_is_found_and_one_of_several_is_not() {
    let passwd = "root:x:0:0::/:/bin/sh\nme:x:1000:1000::/:/bin/sh\nshared:x:1002:100::/:/bin/sh\n\
                  a:x:1003:50::/:/bin/sh\nb:x:1004:50::/:/bin/sh\nodd:x:1005:1005::/:/bin/sh\n";
    let group = "root:x:0:\nme:x:1000:me\nusers:x:100:\na:x:50:\nodd:x:1005:me\nbroken\n";
    for (user, expected) in [
        (0, Some(0)),
        (1000, Some(1000)),
        // Of another name, of two users, with a member, unknown.
        (1002, None),
        (1003, None),
        (1005, None),
        (4711, None),
    ] {
        assert_eq!(alone(passwd, group, user), expected, "{user}");
    }
    assert_eq!(alone("", "", 0), None);
}

#[test]
fn links_are_followed_and_every_folder_on_the_way_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    // What the temporary folder itself lies in is not this test's matter.
    let base = std::fs::canonicalize(dir.path()).unwrap();
    for folder in ["open", "open/real", "mine"] {
        std::fs::create_dir(base.join(folder)).unwrap();
    }
    std::fs::set_permissions(base.join("open"), std::fs::Permissions::from_mode(0o777)).unwrap();
    std::fs::write(base.join("open/real/file"), "").unwrap();
    symlink("../open/real", base.join("mine/link")).unwrap();
    let seen = |path: &str| -> Vec<String> {
        look(&base.join(path))
            .unwrap()
            .into_iter()
            .filter_map(|step| Some(step.path.strip_prefix(&base).ok()?.display().to_string()))
            .collect()
    };
    assert_eq!(
        seen("mine/link/file"),
        ["", "mine", "mine/link", "open", "open/real", "open/real/file"]
    );
    assert_eq!(seen("mine/new/file"), ["", "mine"]);
    assert_eq!(seen("mine/../mine"), ["", "mine", "mine"]);
    let me = Me::new(None);
    let fault = check(&base.join("mine/link/file"), Rule::Shared, &me).unwrap().unwrap();
    assert_eq!(fault.path, base.join("open"));

    symlink("round", base.join("round")).unwrap();
    assert!(look(&base.join("round")).unwrap_err().to_string().contains("round: too many links"));
    assert!(look(&base.join("open/real/file/x")).is_err());
}
