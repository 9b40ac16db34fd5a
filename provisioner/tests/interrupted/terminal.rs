//! A terminal of the test's own, and the program started from it.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, fcntl_getfl, fcntl_setfl, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

/// No step of these tests takes so long on any machine.
const FOREVER: Duration = Duration::from_mins(1);

/// One side of a terminal, and the program on the other.
pub(crate) struct Terminal {
    ours: File,
    theirs: File,
    pub(crate) child: Child,
    /// All that was shown so far.
    pub(crate) shown: String,
}

impl Terminal {
    /// Starts a program with a new terminal as its controlling one.
    pub(crate) fn start(command: &Command) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap();
        let theirs: File =
            open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap().into();
        fcntl_setfl(&ours, fcntl_getfl(&ours).unwrap() | OFlags::NONBLOCK).unwrap();
        let stdio = || Stdio::from(theirs.try_clone().unwrap());
        // setsid becomes the program, in a session that owns the terminal.
        let mut session = Command::new("setsid");
        session.arg("--ctty").arg(command.get_program()).args(command.get_args());
        session
            .env_clear()
            .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = command.get_current_dir() {
            session.current_dir(folder);
        }
        session.stdin(stdio()).stdout(stdio()).stderr(stdio());
        let child = session.spawn().unwrap();
        Self { ours: ours.into(), theirs, child, shown: String::new() }
    }

    /// Types.
    pub(crate) fn types(&mut self, keys: &[u8]) {
        self.ours.write_all(keys).unwrap();
    }

    /// Whether what is typed is shown.
    pub(crate) fn echoes(&self) -> bool {
        tcgetattr(&self.theirs).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// Waits until a text is shown once more.
    pub(crate) fn shows(&mut self, text: &str) {
        let from = self.shown.len();
        let begun = Instant::now();
        while !self.shown[from..].contains(text) {
            assert!(begun.elapsed() < FOREVER, "`{text}` is not shown: {}", self.shown);
            assert!(self.look() || self.child.try_wait().unwrap().is_none(), "{}", self.shown);
        }
    }

    /// Takes in what is there to see, after a moment at most.
    fn look(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match self.ours.read(&mut buffer) {
            Ok(read) => self.shown.push_str(&String::from_utf8_lossy(&buffer[..read])),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(5));
                return false;
            }
            Err(error) => panic!("{error}: {}", self.shown),
        }
        true
    }

    /// Waits until the program sleeps.
    pub(crate) fn sleeps(&mut self) {
        let status = format!("/proc/{}/stat", self.child.id());
        let begun = Instant::now();
        while !std::fs::read_to_string(&status).unwrap().contains(") T ") {
            assert!(begun.elapsed() < FOREVER, "it does not sleep: {}", self.shown);
            self.look();
        }
    }

    /// Waits for the program's end: its exit code, and how long it took.
    pub(crate) fn ends(&mut self) -> (i32, Duration) {
        let begun = Instant::now();
        let status = loop {
            self.look();
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < FOREVER, "it does not end: {}", self.shown);
        };
        while self.look() {}
        let code = status.code().unwrap_or_else(|| panic!("{status}: {}", self.shown));
        (code, begun.elapsed())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
