use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use super::*;

/// Programs that are none, found before those of the system. Each call is written
/// down; in its answer `$d` is the folder.
pub(crate) struct Fakes {
    folder: tempfile::TempDir,
}

impl Fakes {
    pub(crate) fn new() -> Self {
        let fakes = Self { folder: tempfile::tempdir().unwrap() };
        fakes.file("log", "");
        fakes.program("sleep", "#!/bin/sh\n");
        fakes
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Something that answers look at.
    pub(crate) fn file(&self, name: &str, text: &str) -> &Self {
        fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    /// What a program does at its call of this number.
    pub(crate) fn answer(&self, program: &str, call: usize, does: &str) -> &Self {
        self.file(&format!("{program}.{call}"), does).made(program)
    }

    /// What a program does at every other call.
    pub(crate) fn otherwise(&self, program: &str, does: &str) -> &Self {
        self.file(&format!("{program}.else"), does).made(program)
    }

    fn made(&self, program: &str) -> &Self {
        let text = "#!/bin/sh\nd=${0%/*} p=${0##*/}\necho \"$p $*\" | head -n 1 >>\"$d/log\"\n\
                    echo x >>\"$d/$p.calls\"\nn=$(wc -l <\"$d/$p.calls\")\n\
                    for f in \"$d/$p.$n\" \"$d/$p.else\"; do [ ! -e \"$f\" ] || { . \"$f\"; exit; }; done\n";
        self.program(program, text);
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a script among these programs.
    pub(crate) fn run(&self, script: &str) -> Output {
        let path = format!("{}:{}", self.path().display(), std::env::var("PATH").unwrap());
        Command::new("sh").args(["-c", script]).env("PATH", path).output().unwrap()
    }

    /// Every call so far, the first line of each, and what answers wrote down.
    pub(crate) fn calls(&self) -> Vec<String> {
        let log = fs::read_to_string(self.path().join("log")).unwrap();
        log.lines().map(str::to_owned).collect()
    }
}

/// What systemd 252 to 257 say when PID 1 starts itself anew, is not to be
/// reached, or is too slow.
const NO_ANSWERS: [&str; 8] = [
    "Failed to get properties: Transport endpoint is not connected",
    "Failed to get properties: Connection refused",
    "Failed to connect to bus: Connection refused",
    "Failed to connect to system scope bus via local transport: No such file or directory",
    "Failed to reload daemon: Connection reset by peer",
    "Failed to restart x.service: Message recipient disconnected from message bus without replying",
    "Failed to set time zone: Connection timed out",
    "Could not set hostname: Failed to activate service 'org.freedesktop.hostname1': timed out (service_start_timeout=25000ms)",
];

#[test]
fn who_does_not_answer_is_asked_again_and_who_refuses_is_not() {
    for program in ["systemctl", "hostnamectl", "timedatectl"] {
        let refusals = [
            ("Failed to restart x.service: Unit x.service not found.", 3),
            ("Failed to set time zone: Invalid or not installed time zone 'Mars/Phobos'", 3),
            (
                "System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus: Host is down",
                NONE,
            ),
            ("", 3),
        ];
        let refusals = refusals.into_iter().map(|(words, code)| (words, 1, code));
        for (words, asked, code) in NO_ANSWERS.iter().map(|words| (*words, 4, 0)).chain(refusals) {
            let fakes = Fakes::new();
            for call in 1..4 {
                fakes.answer(program, call, &format!("printf '%s\\n' \"{words}\" >&2; exit 3"));
            }
            fakes.otherwise(program, "echo answer; exit 0");
            let output = fakes.run(&patient(&format!("{program} do it")));
            assert_eq!(fakes.calls().len(), asked, "{words}");
            assert_eq!(output.status.code(), Some(code), "{words}");
            let said = String::from_utf8(output.stdout).unwrap();
            assert_eq!(said, if asked == 1 { "" } else { "answer\n" }, "{words}");
        }
    }
}

#[test]
fn what_is_answered_is_passed_on_as_it_is() {
    let fakes = Fakes::new();
    fakes.otherwise("systemctl", "printf 'a  b\\n\\nc'; echo warning >&2; exit \"$1\"");
    for status in [0, 3] {
        let output = fakes.run(&patient(&format!(
            "o=$(systemctl {status}); r=$?; printf '[%s]' \"$o\"; exit $r"
        )));
        assert_eq!(output.status.code(), Some(status));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "[a  b\n\nc]");
    }
}

#[test]
fn a_systemd_that_never_answers_is_given_up_in_time_and_named() {
    let fakes = Fakes::new();
    fakes.otherwise("systemctl", "echo 'Failed to connect to bus: Connection refused' >&2; exit 1");
    let script = patient("systemctl show x");
    let script = format!("busy_until=0\n{script}");
    let output = fakes.run(&script);
    assert_eq!(output.status.code(), Some(UNANSWERED));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("systemd (PID 1) does not answer: Failed to connect"), "{said}");
}
