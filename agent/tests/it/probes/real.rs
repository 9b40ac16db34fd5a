//! Real servers, as Debian has them, and a broker of Kafka.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{probe, start, until, values};

/// A server that ends with the test, however that ends.
pub(super) struct Server(Child);

impl Server {
    pub(super) fn start(folder: &Path, program: &str, arguments: &[&str]) -> Self {
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", program])
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        Self(child.unwrap_or_else(|error| panic!("{program} through setpriv: {error}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago.
pub(super) fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}:\n{said}{problem}");
    said
}

/// The probe turns green once the server is up, and red once it is gone.
fn comes_and_goes(kind: &str, more: &str, server: impl FnOnce(&Path) -> Server) {
    let folder = tempfile::tempdir().unwrap();
    let agent = start(folder.path(), &probe(kind, kind, more));
    let is = |page: &[u8], wanted: f64| values(page, "probe_success").get(kind) == Some(&wanted);
    until(&agent, |page| is(page, 0.0));
    let server = server(folder.path());
    until(&agent, |page| is(page, 1.0));
    drop(server);
    until(&agent, |page| is(page, 0.0));
}

#[test]
fn redis_is_well_though_it_wants_a_password() {
    let address = free();
    let port = address.port().to_string();
    comes_and_goes("redis", &format!("target = \"{address}\""), |folder| {
        let options = ["--port", &port, "--bind", "127.0.0.1", "--requirepass", "x", "--save", ""];
        Server::start(folder, "redis-server", &options)
    });
}

/// `PostgreSQL`'s programs, and the user they want to be run by.
fn postgresql(program: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").unwrap();
    let mut found: Vec<_> = versions.map(|entry| entry.unwrap().path().join("bin")).collect();
    found.sort();
    found.pop().unwrap().join(program)
}

#[test]
fn postgresql_is_well_though_it_lets_us_not_in() {
    let address = free();
    comes_and_goes("postgresql", &format!("target = \"{address}\""), |folder| {
        let data = folder.join("data");
        std::fs::create_dir(&data).unwrap();
        let mut user = Vec::new();
        if rustix::process::getuid().is_root() {
            // It refuses to be run by root.
            run(Command::new("chown").arg("postgres:").args([&data, folder]));
            user = vec!["--reuid=postgres", "--regid=postgres", "--clear-groups"];
        }
        run(Command::new("setpriv")
            .args(&user)
            .arg(postgresql("initdb"))
            .args(["--auth=scram-sha-256", "--no-sync", "--pwfile=/etc/hostname", "-U", "owner"])
            .arg("-D")
            .arg(&data));
        let program = postgresql("postgres").display().to_string();
        let (port, data) = (address.port().to_string(), data.display().to_string());
        let here = folder.display().to_string();
        let mut arguments = user[user.len().min(1)..].to_vec();
        arguments.extend([&*program, "-D", &data, "-p", &port, "-h", "127.0.0.1", "-k", &here]);
        Server::start(folder, user.first().copied().unwrap_or("--"), &arguments)
    });
}

#[test]
fn prometheus_is_well() {
    let address = free();
    let url = format!("url = \"http://{address}/-/ready\"\nbody = \"Ready\"");
    comes_and_goes("http", &url, |folder| {
        std::fs::write(folder.join("empty.yml"), "").unwrap();
        let listen = format!("--web.listen-address={address}");
        let options = ["--config.file=empty.yml", "--storage.tsdb.path=data", &listen];
        Server::start(folder, "prometheus", &options)
    });
}

#[test]
fn a_certificates_end_is_told() {
    let folder = tempfile::tempdir().unwrap();
    run(Command::new("openssl").current_dir(folder.path()).args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "9",
        "-subj",
        "/CN=pi",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
    ]));
    let cert = folder.path().join("cert.pem");
    let end = run(Command::new("openssl").args(["x509", "-noout", "-enddate", "-in"]).arg(cert));
    let end = end.trim().strip_prefix("notAfter=").unwrap();
    let end: f64 = run(Command::new("date").args(["+%s", "-d", end])).trim().parse().unwrap();

    let address = free();
    let accept = address.to_string();
    let options = ["s_server", "-www", "-accept", &accept, "-cert", "cert.pem", "-key", "key.pem"];
    let _server = Server::start(folder.path(), "openssl", &options);
    let config = [
        probe("bare", "tls", &format!("target = \"{address}\"\nserver_name = \"pi\"")),
        probe("page", "http", &format!("url = \"https://{address}/\"\nbody = \"Cipher\"")),
    ];
    let agent = start(folder.path(), &config.concat());
    let page = until(&agent, |page| {
        let well = values(page, "probe_success");
        well.len() == 2 && well.values().all(|value| *value == 1.0)
    });
    let ends = values(&page, "probe_ssl_earliest_cert_expiry");
    assert_eq!(ends.into_values().collect::<Vec<_>>(), [end, end]);
    assert_eq!(values(&page, "probe_http_status_code")["page"], 200.0);
}

/// Where Kafka's jars are: see helm/source/tests/kafka/prepare.sh.
fn kafka() -> PathBuf {
    let cache = || match std::env::var_os("TERRARIUM_CACHE") {
        Some(cache) => PathBuf::from(cache),
        None => std::env::var_os("XDG_CACHE_HOME")
            .map_or_else(|| std::env::home_dir().unwrap().join(".cache"), PathBuf::from)
            .join("terrarium"),
    };
    let home = std::env::var_os("TERRARIUM_KAFKA_HOME");
    let libs = home.map_or_else(|| cache().join("kafka-home"), PathBuf::from).join("libs");
    assert!(libs.is_dir(), "no {}: run helm/source/tests/kafka/prepare.sh", libs.display());
    libs.join("*")
}

#[test]
fn kafka_is_well() {
    let (address, controller) = (free(), free());
    comes_and_goes("kafka", &format!("target = \"{address}\""), |folder| {
        let data = folder.join("data");
        let properties = format!(
            "process.roles=broker,controller\nnode.id=1\n\
             controller.quorum.voters=1@{controller}\n\
             listeners=PLAINTEXT://{address},CONTROLLER://{controller}\n\
             listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
             controller.listener.names=CONTROLLER\nlog.dirs={}\n\
             log.cleaner.dedupe.buffer.size=4194304\n",
            data.display()
        );
        std::fs::write(folder.join("server.properties"), properties).unwrap();
        let classes = kafka().display().to_string();
        let java = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", &classes];
        run(Command::new("java").args(java).current_dir(folder).args([
            "kafka.tools.StorageTool",
            "format",
            "-t",
            "dGVycmFyaXVtLXRlc3RzLg",
            "-c",
            "server.properties",
        ]));
        let main = ["kafka.Kafka", "server.properties"];
        Server::start(folder, "java", &[&java[..], &main].concat())
    });
}
