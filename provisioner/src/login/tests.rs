//! The login held against those who use it: the agent's own reader of its web
//! configuration, TLS and passwords, asked over a real sshd.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use terrarium_agent::web::Web;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::measured::gather::agent_at;
use crate::measured::gather::tests::{host, http, sshd};

fn all(login: &Login) -> String {
    [LoginPart::Password, LoginPart::Certificate, LoginPart::Key]
        .map(|part| login.part(part))
        .concat()
}

#[test]
fn what_one_node_was_given_is_read_from_it_as_it_was() {
    let login = Login::make().unwrap();
    let again = read(&all(&login)).unwrap();
    for part in LoginPart::ALL {
        assert!(login.part(part) == again.part(part), "{part:?}");
    }
    assert_eq!(login.digests(), again.digests());
    let other = Login::make().unwrap();
    for part in LoginPart::ALL {
        assert!(login.part(part) != other.part(part), "{part:?} is the same twice");
    }
    assert!(!format!("{login:?}").contains(login.part(LoginPart::Password).trim()));
}

#[test]
fn what_is_no_login_is_copied_to_no_node() {
    let [login, other] = [(); 2].map(|()| Login::make().unwrap());
    let [password, certificate, key] =
        [LoginPart::Password, LoginPart::Certificate, LoginPart::Key]
            .map(|part| login.part(part).to_owned());
    let authority = {
        let pair = KeyPair::generate().unwrap();
        CertificateParams::new([]).unwrap().self_signed(&pair).unwrap().pem()
    };
    for (text, expected) in [
        (String::new(), "32 bytes in hex"),
        (format!("secret\n{certificate}{key}"), "32 bytes in hex"),
        (format!("{}\n{certificate}{key}", "A".repeat(64)), "32 bytes in hex"),
        (format!("{password}{certificate}"), "1 blocks"),
        (format!("{password}{certificate}{certificate}{key}"), "3 blocks"),
        (format!("{password}{key}{certificate}"), "agent.crt"),
        (format!("{password}{certificate}{authority}"), "agent.key"),
        (format!("{password}-----BEGIN CERTIFICATE-----\n!\n"), ""),
    ] {
        let said = read(&text).map(|_| ()).unwrap_err();
        assert!(said.contains(expected), "{said}");
        assert!(!said.contains(password.trim()), "{said}");
    }
    // Lines around the blocks, and any other, reach no node.
    let around = format!("{password}{certificate}http_server_config:\n{key}trailing\n");
    let taken = read(&around).unwrap();
    assert!(taken.part(LoginPart::Certificate) == certificate && taken.part(LoginPart::Key) == key);
    assert_ne!(login.digests(), other.digests());
}

proptest! {
    #[test]
    fn no_text_of_a_node_is_a_panic(text in ".{0,400}", at in any::<prop::sample::Index>()) {
        static WHOLE: LazyLock<String> = LazyLock::new(|| all(&Login::make().unwrap()));
        let whole = &*WHOLE;
        let cut = at.index(whole.len());
        let spoilt = format!("{}{text}{}", &whole[..cut], &whole[cut..]);
        for text in [&text, &spoilt] {
            let _ = read(text);
            let _ = visitor(text);
        }
    }
}

/// The agent's configuration with its files in a folder.
fn served_from(login: &Login, folder: &Path) -> Web {
    let mut web = login.part(LoginPart::Web).to_owned();
    for (path, part) in [
        (LoginPart::Certificate.path(), LoginPart::Certificate),
        ("/run/credentials/terrarium-agent.service/agent.key", LoginPart::Key),
    ] {
        let file = folder.join(path.rsplit('/').next().unwrap());
        fs_err::write(&file, login.part(part)).unwrap();
        assert!(web.contains(path), "{path} is not in\n{web}");
        web = web.replace(path, file.to_str().unwrap());
    }
    let file = folder.join("web.yml");
    fs_err::write(&file, web).unwrap();
    Web::load(&file).unwrap()
}

/// Answers over TLS with this to who is admitted; the port.
async fn agent(web: Web, body: &'static str) -> u16 {
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = tokio::net::TcpListener::bind(at).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, peer) = listener.accept().await.unwrap();
            let Ok(mut stream) = web.tls.clone().unwrap().accept(stream).await else { continue };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            let headers = head.lines().filter_map(|line| line.split_once(": "));
            let headers = headers.map(|(name, value)| {
                (name.parse::<hyper::header::HeaderName>().unwrap(), value.parse().unwrap())
            });
            let status = if web.admits(&headers.collect(), peer.ip()).await == Some(true) {
                "200 OK"
            } else {
                "401 No"
            };
            let length = body.len();
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    port
}

const SNAPSHOT: &str = include_str!("../measured/fixtures/pi-2.json");

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_with_this_login_answers_who_has_it_and_nobody_else() {
    let (dir, port) = sshd();
    let host = host(dir.path(), port);
    let [login, other] = [(); 2].map(|()| Login::make().unwrap());
    let agent = agent(served_from(&login, dir.path()), SNAPSHOT).await;
    let visit = |password: &Login, certificate: &Login| {
        let text = [password.part(LoginPart::Password), certificate.part(LoginPart::Certificate)];
        visitor(&text.concat()).unwrap().unwrap()
    };
    let snapshot = agent_at(&host, agent, Some(&visit(&login, &login))).await.unwrap();
    assert_eq!(snapshot.pods.len(), 3);
    for (visitor, expected) in [
        (Some(visit(&other, &login)), "it refuses the password"),
        (Some(visit(&login, &other)), "it does not prove to be the one asked"),
        (None, "it does not answer in HTTP"),
    ] {
        let failure = agent_at(&host, agent, visitor.as_ref()).await.unwrap_err();
        assert!(failure.what.contains(expected), "{}", failure.line());
    }
}

/// The password reaches nobody who does not have the agents' certificate.
#[tokio::test(flavor = "multi_thread")]
async fn who_sits_at_the_agents_port_is_told_no_password() {
    let (dir, port) = sshd();
    let host = host(dir.path(), port);
    let [login, other] = [(); 2].map(|()| Login::make().unwrap());
    let squatter = agent(served_from(&other, dir.path()), SNAPSHOT).await;
    let (plain, heard) = without_tls();
    let text = [login.part(LoginPart::Password), login.part(LoginPart::Certificate)].concat();
    let visitor = visitor(&text).unwrap().unwrap();
    for port in [squatter, plain] {
        let failure = agent_at(&host, port, Some(&visitor)).await.unwrap_err();
        assert!(failure.what.contains("does not prove"), "{}", failure.line());
    }
    let heard = String::from_utf8_lossy(&heard.recv().unwrap()).into_owned();
    assert!(!heard.is_empty() && !heard.contains("Basic"), "{heard:?}");
}

/// Answers whoever comes in HTTP, and tells what came.
fn without_tls() -> (u16, std::sync::mpsc::Receiver<Vec<u8>>) {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = vec![0; 4096];
        let length = stream.read(&mut bytes).unwrap();
        bytes.truncate(length);
        stream.write_all(&http("200 OK", SNAPSHOT)).unwrap();
        tell.send(bytes).unwrap();
    });
    (port, heard)
}
