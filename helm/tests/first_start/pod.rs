//! A pod of one container, as far as a start script and its clients see it: its
//! processes have numbers of their own and end all at once, and it has an address.

use std::io::{BufRead, BufReader, Lines};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// Where a pod's programs are, those of this machine.
pub(crate) const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// The address of every pod: each is alone in a network of its own.
pub(crate) const ADDRESS: &str = "10.42.0.9";

/// A running pod; its end is a power cut.
#[derive(Debug)]
pub(crate) struct Pod {
    init: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Pod {
    /// Starts a shell script as the user `user`, as process 1 of its own. Each
    /// mount is a folder and where the pod finds it.
    pub(crate) fn start(
        user: &str,
        script: &Path,
        arguments: &[&str],
        env: &[(&str, &str)],
        mounts: &[(&Path, &str)],
    ) -> Self {
        let mounted =
            mounts.iter().map(|(from, to)| format!("mount --bind {} {to} && ", from.display()));
        let mounted: String = mounted.collect();
        // Both streams are one, as in a pod's log.
        let begin = format!(
            "exec 2>&1; {mounted}ip link set lo up && ip address add {ADDRESS}/32 dev lo && \
             exec setpriv --reuid={user} --regid={user} --clear-groups sh \"$0\" \"$@\""
        );
        let mut command = Command::new("unshare");
        command
            .args([
                "--pid",
                "--fork",
                "--mount-proc",
                "--net",
                "--ipc",
                "--kill-child",
                "sh",
                "-c",
                &begin,
            ])
            .arg(script)
            .args(arguments)
            .env_clear()
            .envs(env.iter().copied())
            .current_dir("/")
            .stdin(Stdio::null())
            // Of a killed child it says nothing but that it was killed.
            .stderr(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0);
        let mut init = command.spawn().expect("unshare runs, which needs root");
        let said = BufReader::new(init.stdout.take().expect("piped")).lines();
        Self { init, said }
    }

    /// A program that reaches this pod by its address.
    pub(crate) fn client(&self, program: &Path) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", self.init.id())).arg(program);
        command
    }

    /// The next line of the log; `None` when all processes have ended.
    pub(crate) fn line(&mut self) -> Option<String> {
        self.said.next().map(|line| line.expect("text"))
    }

    /// Ends the pod after so many lines of its log more than one; how that is told.
    pub(crate) fn cut_off(mut self, lines: usize) -> String {
        let last = (0..=lines).filter_map(|_| self.line()).last();
        format!("cut off after {last:?}")
    }

    /// Reads the log up to a line that has one of the words.
    pub(crate) fn until(&mut self, words: &str) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = self.line() {
            let found = line.contains(words);
            lines.push(line);
            if found {
                return lines;
            }
        }
        panic!("ended without {words:?}:\n{}", lines.join("\n"));
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        // With process 1 go all others of its number space, and only then does
        // `unshare`, which waits for it, end.
        let id = self.init.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let first = children.unwrap_or_default();
        if let Some(first) = first.split_whitespace().next() {
            let killed = Command::new("kill").args(["-KILL", first]).status().expect("kill runs");
            let mut rest =
                || self.said.by_ref().map_while(Result::ok).collect::<Vec<_>>().join("\n");
            assert!(
                killed.success() || std::thread::panicking(),
                "process {first} ended before it was ended, having said:\n{}",
                rest()
            );
        }
        self.init.wait().expect("ours");
    }
}

/// The number of a user (`-u`) of this machine, or of its group (`-g`).
pub(crate) fn id(kind: &str, user: &str) -> u32 {
    let output = Command::new("id").args([kind, user]).output().expect("id runs");
    String::from_utf8(output.stdout).expect("text").trim().parse().expect("a number")
}

/// The text that a chart's template defines under a name.
pub(crate) fn defined(template: &str, name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts").join(template);
    let text = std::fs::read_to_string(file).expect("text");
    let begin = format!("{{{{- define \"{name}\" -}}}}\n");
    let (_, after) = text.split_once(&begin).expect("there");
    after.split_once("{{- end }}").expect("its end").0.to_owned()
}
