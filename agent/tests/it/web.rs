//! `--web.config.file`: TLS and passwords with real certificates and hashes.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;

use crate::exposition;
use crate::running::{Answer, Connection, Running, agent};

/// The lowest there is: what is slow about it is not what is tested.
const COST: u32 = 4;

/// For what has to happen within some seconds, on a busy machine.
const SOON: Duration = Duration::from_mins(1);

/// A folder with the configuration and what it names.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new(config: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("web.yml", config);
        folder
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    /// As a renewal writes: the new file takes the old one's place.
    fn write(&self, name: &str, content: &str) {
        fs::write(self.path("new"), content).unwrap();
        fs::rename(self.path("new"), self.path(name)).unwrap();
    }

    /// A certificate and its key, signed by `authority`.
    pub(crate) fn certify(&self, authority: &Authority, name: &str) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, authority).unwrap();
        // The key first: until the certificate is there they do not match.
        self.write(&format!("{name}.key"), &key.serialize_pem());
        self.write(&format!("{name}.crt"), &certificate.pem());
    }

    pub(crate) fn start(&self) -> Running {
        Running::start(agent().arg(self.flag()))
    }

    pub(crate) fn flag(&self) -> String {
        format!("--web.config.file={}", self.path("web.yml").display())
    }
}

pub(crate) type Authority = CertifiedIssuer<'static, KeyPair>;

pub(crate) fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A client that believes `authority`, and shows a certificate of `folder`'s.
struct Client {
    config: Arc<ClientConfig>,
}

impl Client {
    fn new(authority: &Authority, shown: Option<(&Path, &Path)>) -> Self {
        Self::speaking(authority, shown, rustls::DEFAULT_VERSIONS)
    }

    fn speaking(
        authority: &Authority,
        shown: Option<(&Path, &Path)>,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let config = match shown {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
                builder
                    .with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(key).unwrap())
                    .unwrap()
            }
        };
        Self { config: Arc::new(config) }
    }

    /// A connection whose handshake is done.
    fn connect(
        &self,
        running: &Running,
    ) -> std::io::Result<Connection<StreamOwned<ClientConnection, TcpStream>>> {
        let name = "localhost".try_into().unwrap();
        let client = ClientConnection::new(Arc::clone(&self.config), name).unwrap();
        let mut stream = StreamOwned::new(client, running.stream());
        stream.conn.complete_io(&mut stream.sock)?;
        Ok(Connection::over(stream))
    }
}

const TLS: &str = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";

#[test]
fn certificates_are_renewed_without_a_restart() {
    let folder = Folder::new(TLS);
    let (old, new) = (authority(), authority());
    folder.certify(&old, "server");
    let running = folder.start();
    let (trusts_old, trusts_new) = (Client::new(&old, None), Client::new(&new, None));
    let mut kept = trusts_old.connect(&running).unwrap();
    exposition::read_unique(&kept.get("/metrics").body).unwrap();
    assert!(trusts_new.connect(&running).is_err());
    // Plain HTTP is not spoken there.
    assert!(!matches!(plain(&running), Some(200)));

    folder.certify(&new, "server");
    let mut renewed = soon("the new certificate", || trusts_new.connect(&running).ok());
    assert_eq!(renewed.get("/healthz").status, 200);
    assert!(trusts_old.connect(&running).is_err());
    // Connections that were there go on.
    let page = exposition::read_unique(&kept.get("/metrics").body).unwrap();
    assert_eq!(page[SUCCESSFUL].samples[0].value, "1");
    assert_eq!(page[SUCCEEDED].samples.len(), 1);
}

const SUCCESSFUL: &str = "terrarium_agent_web_config_last_reload_successful";
const SUCCEEDED: &str = "terrarium_agent_web_config_last_reload_success_timestamp_seconds";

/// The status of a request without TLS, if there is one.
fn plain(running: &Running) -> Option<u16> {
    use std::io::{Read, Write};
    let mut stream = running.stream();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()
}

/// What `attempt` gives once it gives something.
fn soon<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(value) = attempt() {
            return value;
        }
        assert!(Instant::now() < deadline, "never came: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn clients_show_certificates_where_asked_for() {
    let clients = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n";
    let folder = Folder::new(&format!("{TLS}{clients}"));
    let (ours, other) = (authority(), authority());
    folder.certify(&ours, "server");
    folder.certify(&ours, "client");
    folder.certify(&other, "stranger");
    folder.write("ca.crt", &ours.pem());
    let running = folder.start();
    let status = |shown: Option<&str>| {
        let paths = shown
            .map(|name| (folder.path(&format!("{name}.crt")), folder.path(&format!("{name}.key"))));
        let shown = paths.as_ref().map(|(certificate, key)| (&**certificate, &**key));
        // With TLS 1.3 the client learns of its refusal when it reads.
        let client = Client::speaking(&ours, shown, &[&rustls::version::TLS12]);
        client.connect(&running).map(|mut connection| connection.get("/healthz").status).ok()
    };
    assert_eq!(status(Some("client")), Some(200));
    assert_eq!(status(None), None);
    assert_eq!(status(Some("stranger")), None);
}

#[test]
fn a_version_left_out_is_not_spoken() {
    let folder = Folder::new(&format!("{TLS}  min_version: TLS13\n"));
    let authority = authority();
    folder.certify(&authority, "server");
    let running = folder.start();
    let speaks = |version| Client::speaking(&authority, None, &[version]).connect(&running).is_ok();
    assert!(speaks(&rustls::version::TLS13));
    assert!(!speaks(&rustls::version::TLS12));
}

/// A configuration with one user.
fn user(name: &str, password: &str, cost: u32) -> String {
    format!("basic_auth_users:\n  {name}: {}\n", bcrypt::hash(password, cost).unwrap())
}

fn ask(running: &Running, path: &str, credentials: Option<&str>) -> Answer {
    let authorization = credentials.map_or_else(String::new, |credentials| {
        format!("authorization: Basic {}\r\n", BASE64_STANDARD.encode(credentials))
    });
    running.connect().send(&format!("GET {path} HTTP/1.1\r\nhost: x\r\n{authorization}\r\n"))
}

#[test]
fn passwords_are_asked_for_on_every_path() {
    let headers = "http_server_config:\n  headers:\n    X-Frame-Options: deny\n";
    let folder = Folder::new(&format!("{}{headers}", user("prometheus", "s3cret: ü", COST)));
    let running = folder.start();
    for path in ["/metrics", "/", "/healthz", "/readyz", "/nothing"] {
        let refused = ask(&running, path, None);
        assert_eq!(refused.status, 401, "{path}");
        assert!(refused.header("www-authenticate").unwrap().starts_with("Basic "));
        assert_eq!(refused.header("x-frame-options"), Some("deny"));
    }
    for wrong in ["prometheus:secret", "prometheus:", "other:s3cret: ü", "", ":", "prometheus"] {
        assert_eq!(ask(&running, "/metrics", Some(wrong)).status, 401, "{wrong}");
    }
    // Twice: the second time it is remembered; what is wrong stays so.
    for _ in 0..2 {
        let answer = ask(&running, "/metrics", Some("prometheus:s3cret: ü"));
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-frame-options"), Some("deny"));
        assert_eq!(ask(&running, "/metrics", Some("prometheus:s3cret: u")).status, 401);
    }
    let (_, log) = running.terminate();
    assert!(!log.contains("s3cret"), "{log}");
}

#[test]
fn guesses_do_not_hold_up_who_is_known() {
    // Each guess keeps a thread busy for long; the scrapes are done before.
    const GUESSES: usize = 8;
    let folder = Folder::new(&user("prometheus", "right", 11));
    let running = folder.start();
    assert_eq!(ask(&running, "/metrics", Some("prometheus:right")).status, 200);
    let refused = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for guess in 0..GUESSES {
            let (running, refused) = (&running, &refused);
            scope.spawn(move || {
                let guess = format!("prometheus:{guess}");
                assert_eq!(ask(running, "/metrics", Some(&guess)).status, 401);
                refused.fetch_add(1, Ordering::Relaxed);
            });
        }
        for _ in 0..20 {
            assert_eq!(ask(&running, "/metrics", Some("prometheus:right")).status, 200);
        }
        assert!(refused.load(Ordering::Relaxed) < GUESSES);
        // The runtime's, the one that compares, and the one that reads the host.
        assert!(running.status("Threads") <= 3);
    });
}

#[test]
fn a_hundred_guessers_make_a_right_login_wait_for_one_comparison() {
    // As many as there are seats for, and one is left.
    const GUESSERS: usize = 110;
    let folder = Folder::new(&user("prometheus", "right", 8));
    let alone = {
        let start = Instant::now();
        assert_eq!(ask(&folder.start(), "/metrics", Some("prometheus:wrong")).status, 401);
        start.elapsed()
    };
    let running = folder.start();
    let (guesses, ended) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for guesser in 0..GUESSERS {
            let (running, guesses, ended) = (&running, &guesses, &ended);
            scope.spawn(move || {
                // Each asks again as soon as it has its answer; some stay
                // connected, some come anew, and none waits for the last one.
                let mut connection = running.connect();
                while !ended.load(Ordering::Relaxed) {
                    let guess = guesses.fetch_add(1, Ordering::Relaxed);
                    let guess = BASE64_STANDARD.encode(format!("prometheus:{guess}"));
                    let head = format!("GET / HTTP/1.1\r\nauthorization: Basic {guess}\r\n\r\n");
                    let Some(status) = connection.try_status(&head) else { return };
                    assert_eq!(status, 401);
                    if guesser % 2 == 0 {
                        connection = running.connect();
                    }
                }
            });
        }
        soon("the guessers", || (guesses.load(Ordering::Relaxed) >= GUESSERS + 5).then_some(()));
        let start = Instant::now();
        let answer = ask(&running, "/metrics", Some("prometheus:right"));
        let took = start.elapsed();
        ended.store(true, Ordering::Relaxed);
        let threads = running.status("Threads");
        // The other connections end with it, and so do the guessers.
        running.kill();
        println!("one comparison {alone:?}, the right login among guessers {took:?}");
        assert_eq!(answer.status, 200);
        // The one under way, and its own; a hundred would be fifty times that.
        assert!(took <= 8 * alone + Duration::from_millis(500), "{took:?}, alone {alone:?}");
        assert!(threads <= 3, "{threads} threads");
    });
}

#[test]
fn names_cannot_be_told_from_each_other_by_the_clock() {
    let hash = |cost| bcrypt::hash("right", cost).unwrap();
    let config = format!("basic_auth_users:\n  a: {}\n  z: {}\n", hash(9), hash(COST));
    let folder = Folder::new(&config);
    let running = folder.start();
    let guess = std::cell::Cell::new(0);
    let fastest = |name: &str| {
        let once = || {
            guess.set(guess.get() + 1);
            let start = Instant::now();
            let wrong = format!("{name}:{}", guess.get());
            assert_eq!(ask(&running, "/healthz", Some(&wrong)).status, 401);
            start.elapsed()
        };
        (0..4).map(|_| once()).min().unwrap()
    };
    let times = ["a", "z", "nobody", ""].map(fastest);
    let (least, most) = (times.iter().min().unwrap(), times.iter().max().unwrap());
    println!("{times:?}");
    // The hashes' costs are 32 times apart.
    assert!(*most < 3 * *least, "{times:?}");
}

#[test]
fn a_login_that_was_wrong_is_wrong_at_once_the_next_time() {
    let folder = Folder::new(&user("prometheus", "right", 10));
    let running = folder.start();
    let took = |credentials: &str| {
        let start = Instant::now();
        assert_eq!(ask(&running, "/metrics", Some(credentials)).status, 401);
        start.elapsed()
    };
    for wrong in ["prometheus:old", "nobody:old"] {
        let (first, again) = (took(wrong), took(wrong));
        assert!(again < first / 4, "{wrong}: {first:?}, then {again:?}");
    }
}

#[test]
fn a_broken_file_keeps_the_one_before_and_says_so() {
    let folder = Folder::new(&user("old", "word", COST));
    let running = folder.start();
    let successful = |credentials| {
        let answer = ask(&running, "/metrics", Some(credentials));
        (answer.status == 200).then(|| {
            exposition::read_unique(&answer.body).unwrap()[SUCCESSFUL].samples[0].value.clone()
        })
    };
    assert_eq!(successful("old:word").as_deref(), Some("1"));

    folder.write("web.yml", "basic_auth_users: {new: not-a-hash}\n");
    soon("a 0", || successful("old:word").filter(|value| value == "0"));
    folder.write("web.yml", &user("new", "word", COST));
    soon("the new user", || successful("new:word").filter(|value| value == "1"));
    assert_eq!(successful("old:word"), None);

    let (_, log) = running.terminate();
    assert_eq!(log.matches("the web configuration stays as it was").count(), 1, "{log}");
    assert!(log.contains("basic_auth_users.new"), "{log}");
    assert!(!log.contains("not-a-hash"), "{log}");
}

#[test]
fn a_file_that_cannot_be_used_is_an_error_at_the_start() {
    let folder = Folder::new("tls_server_config:\n  cert_file: none.crt\n  key_file: none.key\n");
    let ended = agent().arg(folder.flag()).output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("none.crt cannot be used as cert_file"), "{said}");
}

#[test]
fn promtool_takes_the_same_files() {
    let authority = authority();
    for config in [
        String::new(),
        format!("{TLS}  min_version: TLS12\n  max_version: TLS13\n{}", user("a", "b", COST)),
        "http_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: deny\n".to_owned(),
    ] {
        let folder = Folder::new(&config);
        folder.certify(&authority, "server");
        let checked = Command::new("promtool")
            .args(["check", "web-config"])
            .arg(folder.path("web.yml"))
            .output()
            .unwrap_or_else(|error| panic!("promtool ({error}): apt-get install prometheus"));
        assert!(checked.status.success(), "{config}\n{checked:?}");
        drop(folder.start());
    }
}
