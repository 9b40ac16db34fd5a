//! Real users, because sudo and password login need them.
//!
//! They are made when the first test asks and removed when the last test
//! process has ended, however it ended: a helper process waits for that.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::LazyLock;

use crate::node::is_root;

/// Its sudo asks for the password.
pub(crate) const PASSWORD: &str = "terrarium-test-pw";
/// Its sudo asks for nothing; its login shell's start-up file is noisy.
pub(crate) const NO_PASSWORD: &str = "terrarium-test-np";
/// May not use sudo.
pub(crate) const NOT_ALLOWED: &str = "terrarium-test-no";
/// Its sudo wants a terminal.
pub(crate) const TERMINAL: &str = "terrarium-test-tty";
/// Like [`PASSWORD`], with a log of its own: for wrong passwords.
pub(crate) const WRONG: &str = "terrarium-test-wrong";
/// Its sudo asks for the password, except for the shell.
pub(crate) const SHELL_FREE: &str = "terrarium-test-free";

const USERS: [&str; 6] = [PASSWORD, NO_PASSWORD, NOT_ALLOWED, TERMINAL, WRONG, SHELL_FREE];
const SUDOERS: &str = "/etc/sudoers.d/terrarium-test";
const STATE: &str = "/run/lock/terrarium-test-users";
/// Where sudo logs what [`WRONG`] does.
pub(crate) const SUDO_LOG: &str = "/run/terrarium-test-sudo.log";

struct Users {
    password: String,
    _lock: File,
    _life_line: ChildStdin,
}

static USERS_READY: LazyLock<Users> = LazyLock::new(set_up);

/// The users' password; it contains what shells would trip over.
pub(crate) fn password() -> &'static str {
    &USERS_READY.password
}

fn set_up() -> Users {
    assert!(is_root(), "tests of sudo and password login create users and must run as root");
    assert!(Path::new("/usr/bin/sudo").exists(), "install sudo");
    let mut lock = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(STATE)
        .unwrap();
    loop {
        lock.lock().unwrap();
        let password = ensure(&mut lock);
        // Shared by all test processes: users are removed by who gets it alone.
        lock.lock_shared().unwrap();
        if Path::new(SUDOERS).exists() {
            return Users { password, _life_line: janitor(), _lock: lock };
        }
    }
}

/// Makes the users unless another test process has.
fn ensure(state: &mut File) -> String {
    let mut password = String::new();
    state.rewind().unwrap();
    state.read_to_string(&mut password).unwrap();
    if !password.is_empty() && Path::new(SUDOERS).exists() {
        return password;
    }
    let mut random = [0; 8];
    File::open("/dev/urandom").unwrap().read_exact(&mut random).unwrap();
    let random = u64::from_le_bytes(random);
    let password = format!(" it's \\n \"$x` {random:016x}");
    for user in USERS {
        if !run("id", &[user], "") {
            assert!(
                run("useradd", &["--create-home", "--shell", "/bin/bash", user], ""),
                "useradd {user}"
            );
        }
        assert!(run("chpasswd", &[], &format!("{user}:{password}\n")), "chpasswd {user}");
    }
    fs::write(
        format!("/home/{NO_PASSWORD}/.bashrc"),
        "echo noise; echo more noise >&2\nprintf 'no line end'\n",
    )
    .unwrap();
    let rules = format!(
        "{PASSWORD} ALL=(ALL:ALL) ALL\n{NO_PASSWORD} ALL=(ALL:ALL) NOPASSWD: ALL\n\
         {TERMINAL} ALL=(ALL:ALL) ALL\nDefaults:{TERMINAL} requiretty\n\
         {WRONG} ALL=(ALL:ALL) ALL\nDefaults:{WRONG} logfile={SUDO_LOG}\n\
         {SHELL_FREE} ALL=(ALL:ALL) ALL, NOPASSWD: /usr/bin/sh\n"
    );
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o440)
        .open(SUDOERS)
        .unwrap();
    file.write_all(rules.as_bytes()).unwrap();
    state.set_len(0).unwrap();
    state.rewind().unwrap();
    state.write_all(password.as_bytes()).unwrap();
    password
}

fn run(program: &str, arguments: &[&str], stdin: &str) -> bool {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    child.wait().unwrap().success()
}

/// A process that cleans up once this one has ended and closed the pipe.
#[expect(clippy::zombie_processes, reason = "it outlives this process on purpose")]
fn janitor() -> ChildStdin {
    let clean = format!(
        "for user in {users}; do userdel --force --remove $user; rm -rf /run/sudo/ts/$user /var/lib/sudo/lectured/$user; done; \
         rm -f {SUDOERS} {SUDO_LOG} {STATE}",
        users = USERS.join(" ")
    );
    let script = format!(
        "trap '' INT TERM HUP; cat >/dev/null; exec flock --exclusive --wait 2 {STATE} sh -c '{clean}'"
    );
    let mut child = Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap()
}
