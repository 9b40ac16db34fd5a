//! Against a real sshd, and servers of its loopback that answer as agents do.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use tempfile::TempDir;
use terrarium_inventory::Inventory;

use super::*;
use crate::settings::Settings;

/// A folder with keys, and sshd for each connection to the port.
pub(crate) fn sshd() -> (TempDir, u16) {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    // sshd reads the authorised keys as the user who logs in.
    fs_err::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    fs_err::create_dir_all("/run/sshd").unwrap();
    for key in ["host", "id"] {
        let made = Command::new("ssh-keygen")
            .args(["-q", "-N", "", "-t", "ed25519", "-f"])
            .arg(path(key))
            .status();
        assert!(made.unwrap().success());
    }
    let config = format!(
        "HostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nPermitRootLogin yes\nUsePAM no\n\
         PasswordAuthentication no\nPidFile none\n",
        path("host").display(),
        path("id.pub").display()
    );
    fs_err::write(path("sshd_config"), config).unwrap();
    let config = path("sshd_config");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = OwnedFd::from(stream.unwrap());
            let output = stream.try_clone().unwrap();
            let mut sshd = Command::new("/usr/sbin/sshd");
            sshd.args(["-i", "-f"]).arg(&config).stderr(Stdio::null());
            let mut sshd = sshd.stdin(stream).stdout(output).spawn().unwrap();
            std::thread::spawn(move || sshd.wait());
        }
    });
    (dir, port)
}

pub(crate) fn host(dir: &Path, port: u16) -> Host {
    let user = Command::new("id").arg("-un").output().unwrap().stdout;
    let text = format!(
        "[ssh]\nuser = '{}'\nport = {port}\n[[node]]\nname = 'pi-1'\nhost = '192.0.2.1'\n",
        String::from_utf8(user).unwrap().trim()
    );
    let mut node = Inventory::parse(&dir.join("pis.toml"), &text, Some(dir))
        .unwrap_or_else(|problems| panic!("{problems}"))
        .nodes
        .remove(0);
    // An inventory takes no loopback for a Pi.
    "127.0.0.1".clone_into(&mut node.host);
    node.ssh.identities = vec![dir.join("id")];
    let settings = settings(dir);
    Host::new(&node, None, Some(crate::hostkeys::HostKeys::AcceptNew), &settings, 1.0).unwrap()
}

/// Settings of nobody's environment, with a folder for all that is kept.
pub(crate) fn settings(dir: &Path) -> Settings {
    Settings {
        logs: None,
        password: Ok(None),
        cache: Some(dir.to_owned()),
        me: terrarium_ssh::places::Me::new(None),
        agent_socket: None,
        host_keys: Ok(None),
        user_known_hosts: None,
        around: terrarium_ssh::config::Around::default(),
        agent_dir: None,
        source_dir: None,
        look: crate::report::look::Look::default(),
        inventory: None,
        operator: String::new(),
        cancel: crate::cancel::Cancel::default(),
        children: terrarium_helm::children::Children::default(),
    }
}

/// Answers each request with the next of these, the last again and again; gives
/// the first line of each request.
pub(crate) fn answering(replies: Vec<Vec<u8>>) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, requests) = channel();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().and_then(Result::ok).unwrap_or_default();
            // Up to the empty line that ends a request's head.
            let _ = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).count();
            let _ = tell.send(first);
            let _ = stream.write_all(replies.get(number).or(replies.last()).unwrap());
        }
    });
    (port, requests)
}

pub(crate) fn http(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_snapshot_comes_over_ssh() {
    let (dir, port) = sshd();
    let host = host(dir.path(), port);
    let reply = http("200 OK", include_str!("../fixtures/pi-2.json"));
    let (agent, requests) = answering(vec![reply]);
    let snapshot = agent_at(&host, agent, None).await.unwrap();
    assert_eq!(snapshot.node.model.as_deref(), Some("Raspberry Pi 4 Model B Rev 1.4"));
    assert_eq!(snapshot.pods.len(), 3);
    assert_eq!(requests.recv().unwrap(), "GET /api/v1/snapshot HTTP/1.1");
    assert_eq!(host.counts().await, (1, 1), "one handshake, one channel");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_cannot_be_asked_is_told_with_what_helps() {
    let (dir, port) = sshd();
    let host = host(dir.path(), port);
    // What a server of TLS answers a request in plain text.
    let alert = vec![0x15, 3, 3, 0, 2, 2, 50];
    let free = {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.local_addr().unwrap().port()
    };
    for (agent, parts) in [
        (
            answering(vec![http("401 Unauthorized", "")]).0,
            ["asks for a password", "basic_auth_users"],
        ),
        (answering(vec![alert]).0, ["does not answer in HTTP", "tls_server_config"]),
        (answering(vec![Vec::new()]).0, ["does not answer in HTTP", "tls_server_config"]),
        (answering(vec![http("503 Service Unavailable", "busy")]).0, ["answers 503", "busy"]),
        (answering(vec![http("200 OK", "{\"version\":2}")]).0, ["form 2", "brings the agent"]),
        (answering(vec![http("200 OK", "<html>")]).0, ["cannot be read", "brings the agent"]),
        (free, ["cannot connect", "systemctl status terrarium-agent"]),
    ] {
        let failure = agent_at(&host, agent, None).await.unwrap_err();
        let line = failure.line();
        assert!(line.starts_with("node `pi-1`"), "{line}");
        assert!(parts.iter().all(|part| line.contains(part)), "{parts:?}: {line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_does_not_answer_is_part_of_the_answer() {
    let (dir, _) = sshd();
    let free = {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.local_addr().unwrap().port()
    };
    let mut broken = host(dir.path(), free);
    broken.node.name = "pi-9".to_owned();
    let (reporter, done) = crate::view::open(false, &[]);
    let agents = agents(&[Arc::new(broken)], &reporter).await;
    drop(reporter);
    done.await.unwrap();
    assert!(agents.snapshots.is_empty());
    assert_eq!(agents.silent[0].0, "pi-9");
    assert_eq!(agents.silent[0].1.code, Code::Connection);
}
