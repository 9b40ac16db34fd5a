//! A real Kafka: one broker with a user who logs in by SCRAM-SHA-512.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rskafka::client::partition::{OffsetAt, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder};

use crate::registry::{self, Schemas};

const USER: &str = "github-source";
pub(crate) const PASSWORD: &str = "Pa55word-of-the-test";
/// How long the broker may take to come up; a loaded machine takes long.
const UP: Duration = Duration::from_mins(3);

/// The topics and their partitions.
const TOPICS: [(&str, i32); 8] = [
    ("github-issues", 2),
    ("github-pull_requests", 1),
    ("github-commits", 1),
    ("github-releases", 1),
    ("github-stargazers", 1),
    ("github-offsets", 2),
    ("github-checks", 1),
    ("datagen_device_information", 1),
];

pub(crate) struct Broker {
    java: Child,
    folder: tempfile::TempDir,
    /// The listener that asks for a login.
    pub(crate) address: String,
    /// One that does not.
    pub(crate) inside: String,
    runtime: tokio::runtime::Runtime,
    /// The registry that numbers the schemas of all that is written here.
    pub(crate) registry: String,
    pub(crate) schemas: Schemas,
}

impl Broker {
    pub(crate) fn start() -> Result<Self, String> {
        let libs = libs()?;
        let folder = tempfile::tempdir().unwrap();
        let [address, inside, controller] = std::array::from_fn(|_| free_address());
        let properties = folder.path().join("server.properties");
        std::fs::write(&properties, config(folder.path(), &address, &inside, &controller)).unwrap();
        format(&libs, &properties)?;

        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let java = java(&libs)
            .args(["-Xmx320m", "-Xms64m", "kafka.Kafka"])
            .arg(&properties)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("cannot start Kafka: {error}"))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (registry, schemas) = registry::start();
        let mut broker = Self { java, folder, address, inside, runtime, registry, schemas };
        broker.wait()?;
        broker.make_topics();
        Ok(broker)
    }

    /// Files with user name and password, as the program's `[kafka]` wants them.
    pub(crate) fn login(&self) -> (PathBuf, PathBuf) {
        let file = |name: &str, text: &str| {
            let path = self.folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        (file("username", USER), file("password", PASSWORD))
    }

    /// All records of a topic: key and value, in order within each partition.
    pub(crate) fn records(&self, topic: &str) -> Vec<(String, Vec<u8>)> {
        let partitions = TOPICS.iter().find(|(name, _)| *name == topic).unwrap().1;
        self.runtime().block_on(async {
            let client = client(&self.inside).await.unwrap();
            let mut records = Vec::new();
            for partition in 0..partitions {
                let unknown = UnknownTopicHandling::Retry;
                let opened = client.partition_client(topic, partition, unknown).await.unwrap();
                let end = opened.get_offset(OffsetAt::Latest).await.unwrap();
                let mut next = 0;
                while next < end {
                    let (read, _) = opened.fetch_records(next, 1..1 << 20, 500).await.unwrap();
                    for found in read {
                        next = found.offset + 1;
                        let key = String::from_utf8(found.record.key.unwrap()).unwrap();
                        records.push((key, found.record.value.unwrap()));
                    }
                }
            }
            records
        })
    }

    /// What compaction by key leaves of a topic.
    pub(crate) fn compacted(&self, topic: &str) -> BTreeMap<String, Vec<u8>> {
        self.records(topic).into_iter().collect()
    }

    fn runtime(&self) -> &tokio::runtime::Runtime {
        &self.runtime
    }

    /// Waits until the broker answers; whether it logs anything depends on its
    /// jars.
    fn wait(&mut self) -> Result<(), String> {
        let log = self.folder.path().join("log");
        let log = || std::fs::read_to_string(&log).unwrap();
        let begun = Instant::now();
        while begun.elapsed() < UP {
            if let Some(status) = self.java.try_wait().unwrap() {
                return Err(format!("Kafka ended with {status}:\n{}", log()));
            }
            if TcpStream::connect(&self.inside).is_ok() {
                let answers = async { client(&self.inside).await?.list_topics().await };
                let within = Duration::from_secs(10);
                let answers =
                    self.runtime.block_on(async { tokio::time::timeout(within, answers).await });
                if matches!(answers, Ok(Ok(_))) {
                    return Ok(());
                }
            }
            std::thread::sleep(Duration::from_millis(250));
        }
        Err(format!("Kafka did not answer within {} seconds:\n{}", UP.as_secs(), log()))
    }

    fn make_topics(&self) {
        self.runtime().block_on(async {
            let client = client(&self.inside).await.unwrap();
            let controller = client.controller_client().unwrap();
            for (topic, partitions) in TOPICS {
                controller.create_topic(topic, partitions, 1, 30_000).await.unwrap();
            }
        });
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.java.kill();
        let _ = self.java.wait();
    }
}

async fn client(address: &str) -> rskafka::client::error::Result<Client> {
    ClientBuilder::new(vec![address.to_owned()]).build().await
}

/// Where Kafka's jars are.
fn libs() -> Result<PathBuf, String> {
    let cache = || {
        if let Some(cache) = std::env::var_os("TERRARIUM_CACHE") {
            return PathBuf::from(cache);
        }
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let home = || std::env::home_dir().unwrap_or_default().join(".cache");
        cache.unwrap_or_else(home).join("terrarium")
    };
    let home = std::env::var_os("TERRARIUM_KAFKA_HOME")
        .map_or_else(|| cache().join("kafka-home"), PathBuf::from);
    let libs = home.join("libs");
    if libs.is_dir() {
        return Ok(libs);
    }
    Err(format!(
        "no Kafka in {}: this test needs a real one.\n\
         Run helm/source/tests/kafka/prepare.sh, or name a folder with libs/*.jar\n\
         in TERRARIUM_KAFKA_HOME.",
        home.display()
    ))
}

/// Java that ends with this test, however that ends.
fn java(libs: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]);
    command.arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=info");
    command.arg("-cp").arg(libs.join("*"));
    command
}

fn format(libs: &Path, properties: &Path) -> Result<(), String> {
    let user = format!("SCRAM-SHA-512=[name={USER},password={PASSWORD}]");
    let made = java(libs)
        .args(["kafka.tools.StorageTool", "format", "-t", "dGVycmFyaXVtLXRlc3RzLg", "-c"])
        .arg(properties)
        .args(["--add-scram", &user])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run java through setpriv: {error}"))?;
    if made.status.success() {
        return Ok(());
    }
    let (out, err) = (String::from_utf8_lossy(&made.stdout), String::from_utf8_lossy(&made.stderr));
    Err(format!("cannot format Kafka's storage:\n{out}{err}"))
}

fn config(folder: &Path, address: &str, inside: &str, controller: &str) -> String {
    let mut text = String::new();
    for (key, value) in [
        ("process.roles", "broker,controller"),
        ("node.id", "1"),
        ("controller.quorum.voters", &format!("1@{controller}")),
        ("listeners", &format!("LOGIN://{address},INSIDE://{inside},CONTROLLER://{controller}")),
        ("advertised.listeners", &format!("LOGIN://{address},INSIDE://{inside}")),
        (
            "listener.security.protocol.map",
            "LOGIN:SASL_PLAINTEXT,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT",
        ),
        ("controller.listener.names", "CONTROLLER"),
        ("inter.broker.listener.name", "INSIDE"),
        ("sasl.enabled.mechanisms", "SCRAM-SHA-512"),
        (
            "listener.name.login.scram-sha-512.sasl.jaas.config",
            "org.apache.kafka.common.security.scram.ScramLoginModule required;",
        ),
        ("log.dirs", &folder.join("data").display().to_string()),
        ("auto.create.topics.enable", "false"),
        ("offsets.topic.replication.factor", "1"),
        ("num.network.threads", "2"),
        ("num.io.threads", "2"),
        // Idle connections end early here: the program has to make new ones.
        ("connections.max.idle.ms", "3000"),
        ("log.cleaner.dedupe.buffer.size", "4194304"),
    ] {
        writeln!(text, "{key}={value}").unwrap();
    }
    text
}

/// A port that was free a moment ago.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}
