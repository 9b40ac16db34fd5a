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

/// Its start-up file does what `TERRARIUM_TEST_RC` says; sudo asks it for the password.
pub(crate) const START_UP: &str = "terrarium-test-rc";
/// Its login shell is a program that repeats what it reads.
pub(crate) const REPEATS: &str = "terrarium-test-echo";
/// Its sudo lectures, insults, has a question of its own and a pseudo-terminal.
pub(crate) const TALKATIVE: &str = "terrarium-test-talk";
/// Its sudo has a question of its own that no other may replace.
pub(crate) const OWN_QUESTION: &str = "terrarium-test-own";
/// Its sudo asks for something else before the password.
pub(crate) const CODE_FIRST: &str = "terrarium-test-otp1";
/// Its sudo asks for something else after the password.
pub(crate) const CODE_LAST: &str = "terrarium-test-otp2";

/// Its sudo asks nobody, whatever its rule says.
pub(crate) const UNASKED: &str = "terrarium-test-unasked";

/// Users with a login shell each; sudo asks them for the password.
pub(crate) const SHELLS: [(&str, &str); 8] = [
    ("terrarium-test-dash", "/bin/dash"),
    ("terrarium-test-zsh", "/bin/zsh"),
    ("terrarium-test-mksh", "/bin/mksh"),
    ("terrarium-test-ksh", "/bin/ksh93"),
    ("terrarium-test-fish", "/usr/bin/fish"),
    ("terrarium-test-tcsh", "/bin/tcsh"),
    ("terrarium-test-csh", "/bin/bsd-csh"),
    ("terrarium-test-rbash", "/bin/rbash"),
];
/// Its login shell is `nologin`.
pub(crate) const NO_LOGIN: &str = "terrarium-test-nologin";
/// Its login shell is `false`.
pub(crate) const FALSE: &str = "terrarium-test-false";
/// It has to change its password.
pub(crate) const OLD_PASSWORD: &str = "terrarium-test-oldpw";
/// Its account is past its end.
pub(crate) const EXPIRED: &str = "terrarium-test-expired";
/// Its password is locked.
pub(crate) const LOCKED: &str = "terrarium-test-locked";

const USERS: [&str; 26] = [
    NO_LOGIN,
    FALSE,
    OLD_PASSWORD,
    EXPIRED,
    LOCKED,
    SHELLS[0].0,
    SHELLS[1].0,
    SHELLS[2].0,
    SHELLS[3].0,
    SHELLS[4].0,
    SHELLS[5].0,
    SHELLS[6].0,
    SHELLS[7].0,
    PASSWORD,
    NO_PASSWORD,
    NOT_ALLOWED,
    TERMINAL,
    WRONG,
    SHELL_FREE,
    START_UP,
    REPEATS,
    TALKATIVE,
    OWN_QUESTION,
    CODE_FIRST,
    CODE_LAST,
    UNASKED,
];
/// The stacks of PAM modules that two of them have.
const PAM: &str = "/etc/pam.d/terrarium-test";
/// Asks a question of its own, in other words than sudo's.
const PAM_QUESTION: &str = "auth required pam_ftp.so ignore users";
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
    fs::write(format!("/home/{START_UP}/.bashrc"), "eval \"$TERRARIUM_TEST_RC\"\n").unwrap();
    let shell = format!("/home/{REPEATS}/shell");
    fs::write(&shell, "#!/bin/sh\nprintf '%s\\n' \"$@\"\nexec tee /dev/stderr\n").unwrap();
    assert!(run("chmod", &["755", &format!("/home/{REPEATS}"), &shell], ""));
    assert!(run("usermod", &["--shell", &shell, REPEATS], ""));
    put_into_their_states();
    let mut rules = format!(
        "{PASSWORD} ALL=(ALL:ALL) ALL\n{NO_PASSWORD} ALL=(ALL:ALL) NOPASSWD: ALL\n\
         {TERMINAL} ALL=(ALL:ALL) ALL\nDefaults:{TERMINAL} requiretty\n\
         {WRONG} ALL=(ALL:ALL) ALL\nDefaults:{WRONG} logfile={SUDO_LOG}\n\
         {SHELL_FREE} ALL=(ALL:ALL) ALL, NOPASSWD: /usr/bin/sh\n\
         {START_UP} ALL=(ALL:ALL) ALL\n{REPEATS} ALL=(ALL:ALL) ALL\n\
         {UNASKED} ALL=(ALL:ALL) ALL\nDefaults:{UNASKED} !authenticate\n\
         {TALKATIVE} ALL=(ALL:ALL) ALL\n\
         Defaults:{TALKATIVE} lecture=always, insults, use_pty, passprompt=\"speak, friend: \"\n\
         {OWN_QUESTION} ALL=(ALL:ALL) ALL\n\
         Defaults:{OWN_QUESTION} passprompt=\"mine: \", passprompt_override, pwfeedback\n\
         {CODE_FIRST} ALL=(ALL:ALL) ALL\nDefaults:{CODE_FIRST} pam_service=terrarium-test-first\n\
         {CODE_LAST} ALL=(ALL:ALL) ALL\nDefaults:{CODE_LAST} pam_service=terrarium-test-last\n"
    );
    let more = SHELLS.map(|(user, _)| user).into_iter().chain([OLD_PASSWORD]);
    rules.extend(more.map(|user| format!("{user} ALL=(ALL:ALL) ALL\n")));
    for (name, user) in [("first", CODE_FIRST), ("last", CODE_LAST)] {
        let question = format!("{PAM_QUESTION}={user}\n");
        let (before, after) =
            if name == "first" { (question.as_str(), "") } else { ("", question.as_str()) };
        let stack = format!(
            "{before}auth required pam_unix.so\n{after}account required pam_permit.so\n\
             session required pam_permit.so\n"
        );
        fs::write(format!("{PAM}-{name}"), stack).unwrap();
    }
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

/// Login shells, and accounts that cannot work.
fn put_into_their_states() {
    for (user, shell) in
        SHELLS.into_iter().chain([(NO_LOGIN, "/usr/sbin/nologin"), (FALSE, "/bin/false")])
    {
        assert!(Path::new(shell).exists(), "{shell} is missing: run hardware/lab/bootstrap.sh");
        assert!(run("usermod", &["--shell", shell, user], ""), "usermod {user}");
    }
    assert!(run("chage", &["-d", "0", OLD_PASSWORD], ""));
    assert!(run("chage", &["-E", "1970-01-02", EXPIRED], ""));
    assert!(run("passwd", &["--lock", LOCKED], ""));
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
         rm -f {SUDOERS} {SUDO_LOG} {STATE} {PAM}-first {PAM}-last",
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
