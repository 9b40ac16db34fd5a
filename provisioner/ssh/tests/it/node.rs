//! A node to connect to: OpenSSH's sshd in inetd mode behind a listener of
//! ours. The port is free by construction, nothing has to be waited for, and
//! the process serving each connection is known.

use std::fmt::Write;
use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tempfile::TempDir;
use terrarium_ssh::config::Family;
use terrarium_ssh::{FirstContact, Limits, Output, Secret, Session, Target};
use tokio::time::Instant;

const SSHD: &str = "/usr/sbin/sshd";

/// A running node. Dropping it ends its servers.
pub(crate) struct Node {
    dir: TempDir,
    port: u16,
    servers: Arc<Mutex<Vec<Child>>>,
    stop: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl Node {
    /// With an ed25519 host key and key login only.
    pub(crate) fn start() -> Self {
        Self::with(&["ed25519"], "")
    }

    /// With host keys of the given types and further lines of `sshd_config`.
    pub(crate) fn with(host_keys: &[&str], config: &str) -> Self {
        assert!(Path::new(SSHD).exists(), "{SSHD} is missing: install openssh-server");
        let dir = tempfile::Builder::new().prefix("terrarium-ssh-").tempdir().unwrap();
        // sshd reads the authorised keys as the user who logs in.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        if is_root() {
            // Debian makes this folder when the ssh service starts, which it may never have.
            fs::create_dir_all("/run/sshd").unwrap();
        }
        keygen(&dir.path().join("id_ed25519"), &["-t", "ed25519"]);
        fs::copy(dir.path().join("id_ed25519.pub"), dir.path().join("authorized_keys")).unwrap();

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let node =
            Self { dir, port, servers: Arc::default(), stop: Arc::default(), listener: None };
        node.configure(host_keys, config);
        node.listen(listener)
    }

    /// Writes `sshd_config` and missing host keys; later connections obey it.
    pub(crate) fn configure(&self, host_keys: &[&str], config: &str) {
        let mut text = format!(
            "{config}\nAuthorizedKeysFile {}\nStrictModes no\nPermitRootLogin yes\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\nLogLevel VERBOSE\n",
            self.path("authorized_keys").display()
        );
        for kind in host_keys {
            let file = self.path(&format!("host_{kind}"));
            if !file.exists() {
                keygen(&file, &["-t", kind]);
            }
            writeln!(text, "HostKey {}", file.display()).unwrap();
        }
        fs::write(self.path("sshd_config"), text).unwrap();
    }

    fn listen(mut self, listener: TcpListener) -> Self {
        let (config, log) = (self.path("sshd_config"), self.path("sshd.log"));
        let instead = self.path("instead");
        let (servers, stop) = (Arc::clone(&self.servers), Arc::clone(&self.stop));
        self.listener = Some(thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let stream = OwnedFd::from(stream.unwrap());
                let mut sshd = Command::new(SSHD);
                if let Ok(instead) = fs::read_to_string(&instead) {
                    let script = format!("{instead} exec \"$@\"");
                    sshd = Command::new("unshare");
                    sshd.args(["--mount", "sh", "-c", &script, "sh", SSHD]);
                }
                sshd.args(["-i", "-f"]).arg(&config).arg("-E").arg(&log);
                let output = stream.try_clone().unwrap();
                sshd.stdin(Stdio::from(stream)).stdout(Stdio::from(output)).stderr(Stdio::null());
                servers.lock().unwrap().push(sshd.spawn().unwrap());
            }
        }));
        self
    }

    /// Puts a file in the place of sudo for later logins, and for nobody else on
    /// this machine.
    pub(crate) fn instead_of_sudo(&self, file: &str) {
        self.instead_of("/usr/bin/sudo", file);
    }

    /// The same for any other file.
    pub(crate) fn instead_of(&self, place: &str, file: &str) {
        fs::write(self.path("instead"), format!("mount --bind '{file}' '{place}' &&")).unwrap();
    }

    /// A file of the node's own folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The fingerprint `ssh-keygen` gives for a host key.
    pub(crate) fn fingerprint(&self, kind: &str) -> String {
        let output = Command::new("ssh-keygen")
            .arg("-lf")
            .arg(self.path(&format!("host_{kind}.pub")))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().split(' ').nth(1).unwrap().to_owned()
    }

    /// A `known_hosts` line that records a host key of this node.
    pub(crate) fn known_line(&self, kind: &str) -> String {
        let key = fs::read_to_string(self.path(&format!("host_{kind}.pub"))).unwrap();
        format!("{} {key}", self.name())
    }

    /// The host as `known_hosts` files name it.
    pub(crate) fn name(&self) -> String {
        format!("[127.0.0.1]:{}", self.port)
    }

    /// How to log in with the key as whoever runs the tests.
    pub(crate) fn target(&self) -> Target {
        let user = Command::new("id").arg("-un").output().unwrap().stdout;
        Target {
            node: "pi-1".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: self.port,
            user: String::from_utf8(user).unwrap().trim().to_owned(),
            identities: vec![self.path("id_ed25519")],
            password: None,
            host_keys: Vec::new(),
            first_contact: FirstContact::Record,
            known_hosts: self.path("known_hosts"),
            user_known_hosts: Vec::new(),
            agent_socket: None,
            usual_keys: None,
            unlocked: Vec::new(),
            certificates: Vec::new(),
            identities_only: false,
            host_key_alias: None,
            family: Family::Any,
            connect_timeout: None,
            alive_interval: None,
            alive_count: None,
            is_jump: false,
            jumps: Vec::new(),
        }
    }

    /// How to log in with the key as another user, with a password for sudo.
    pub(crate) fn target_as(&self, user: &str, password: Option<&str>) -> Target {
        Target { user: user.to_owned(), password: password.map(Secret::new), ..self.target() }
    }

    /// A session for whoever runs the tests.
    pub(crate) async fn session(&self) -> Session {
        connect(&self.target()).await
    }

    /// Sends a signal to the process that serves the latest connection.
    pub(crate) fn signal_server(&self, signal: &str) {
        let pid = self.servers.lock().unwrap().last().unwrap().id();
        let status =
            Command::new("kill").args([&format!("-{signal}"), &pid.to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// How many connections were accepted.
    pub(crate) fn connections(&self) -> usize {
        self.servers.lock().unwrap().len()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the listener, which then sees that it is to stop.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
        for server in self.servers.lock().unwrap().iter_mut() {
            let _ = server.kill();
            let _ = server.wait();
        }
        if thread::panicking() {
            let mut log = String::new();
            if let Ok(mut file) = fs::File::open(self.path("sshd.log")) {
                let _ = file.read_to_string(&mut log);
            }
            #[expect(clippy::print_stdout, reason = "shown with the failed test")]
            {
                println!("--- sshd's log ---\n{log}");
            }
        }
    }
}

/// A session with default limits.
pub(crate) async fn connect(target: &Target) -> Session {
    match Session::connect(target, &Limits::default()).await {
        Ok((session, _)) => session,
        Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
    }
}

/// A new key without a passphrase.
pub(crate) fn keygen(file: &Path, arguments: &[&str]) {
    let output = Command::new("ssh-keygen")
        .args(["-q", "-N", "", "-f"])
        .arg(file)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Whether the tests run as root.
pub(crate) fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

/// Waits until the condition holds; panics when it does not in time.
pub(crate) async fn wait_for(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain for: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The process id a script wrote to a file, once it has.
pub(crate) async fn pid_in(file: &Path) -> String {
    let complete = || fs::read_to_string(file).is_ok_and(|text| text.ends_with('\n'));
    wait_for(&format!("a process id in {}", file.display()), complete).await;
    fs::read_to_string(file).unwrap().trim().to_owned()
}

/// Whether a process exists and is no zombie.
pub(crate) fn is_alive(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
    })
}

/// Standard output without surrounding white space, of a command that succeeded.
pub(crate) fn text(output: &Output) -> String {
    assert!(output.success(), "status {}: {}", output.status, output.stderr_text().message());
    output.stdout_text().message()
}

/// An error and its sources, joined as a user would see them.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
