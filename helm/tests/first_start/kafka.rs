//! The broker's first start: Kafka's own jars behind the start scripts of the lab.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::pod::{ADDRESS, PATH, Pod, cache};
use crate::states::states;

struct Volume(TempDir);

impl Volume {
    fn new() -> Self {
        let volume = Self(tempfile::tempdir().expect("a folder"));
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for folder in ["data", "broker", "secrets", "kafka"] {
            fs::create_dir(volume.path(folder)).expect("made");
        }
        let lab = root.join("../hardware/lab/images/kafka/root/opt/kafka");
        let copied = Command::new("cp")
            .arg("-a")
            .args([lab.join("bin"), lab.join("config"), volume.path("kafka")])
            .status();
        assert!(copied.expect("cp runs").success());
        let home = std::env::var_os("TERRARIUM_KAFKA_HOME").map(PathBuf::from);
        let jars = home.unwrap_or_else(|| cache().join("kafka-home")).join("libs");
        assert!(jars.is_dir(), "no jars in {}: set TERRARIUM_KAFKA_HOME", jars.display());
        std::os::unix::fs::symlink(jars, volume.path("kafka/libs")).expect("linked");
        for (file, to) in [
            ("start.sh", "start.sh"),
            ("server.properties", "broker/server.properties"),
            ("log4j2.properties", "broker/log4j2.properties"),
        ] {
            let text = fs::read_to_string(root.join("charts/kafka/files").join(file));
            fs::write(volume.path(to), volume.here(&text.expect("text"))).expect("written");
        }
        let login = "listener.name.admin.plain.sasl.jaas.config=\
             org.apache.kafka.common.security.plain.PlainLoginModule required \
             username=\"admin\" password=\"first-start\" user_admin=\"first-start\";\n";
        fs::write(volume.path("secrets/login.properties"), login).expect("written");
        fs::write(volume.path("secrets/cluster-id"), "MkU3OEVBNTcwNTJENDM2Qg").expect("written");
        volume
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file of the chart's with the places of this volume and its default sizes.
    fn here(&self, text: &str) -> String {
        let at = |name: &str| self.path(name).display().to_string();
        let text = text
            .replace("/opt/kafka", &at("kafka"))
            .replace("/etc/broker", &at("broker"))
            .replace("/run/secrets/kafka", &at("secrets"))
            .replace("/var/lib/kafka/data", &at("data"))
            .replace("/tmp/server.properties", &at("server.properties"))
            .replace("{{ include \"kafka.milliseconds\" .Values.retention.time }}", "604800000")
            .replace("{{ .Values.retention.bytes | int64 }}", "134217728");
        // Settings of the user's own come last: there are none.
        text.split("{{- range").next().expect("a part").to_owned()
    }

    fn start(&self) -> Pod {
        let java = Command::new("sh").args(["-c", "readlink -f \"$(command -v java)\""]).output();
        let java = String::from_utf8(java.expect("sh runs").stdout).expect("text");
        let java = java.trim().trim_end_matches("/bin/java").to_owned();
        Pod::start(
            "root",
            &self.path("start.sh"),
            &[],
            &[
                ("PATH", PATH),
                ("JAVA_HOME", &java),
                ("HOST_IP", ADDRESS),
                ("POD_IP", ADDRESS),
                ("EXTERNAL_PORT", "30094"),
                ("BROKER_HEAP", "256m"),
            ],
            &[],
        )
    }

    /// The port the pod's probe asks is opened, on storage that is whole.
    fn serves(&self, cut: &str) {
        let mut pod = self.start();
        let said = pod.until(STARTED);
        let port = format!("exec 3<>/dev/tcp/{ADDRESS}/9092");
        let open = pod.client(Path::new("bash")).args(["-c", &port]).status().expect("bash runs");
        assert!(open.success(), "{cut}: {}", said.join("\n"));
        assert!(self.path("data/logs/meta.properties").exists(), "{cut}");
    }
}

const STARTED: &str = "Kafka Server started";

#[test]
fn kafka_cut_off_at_any_line_of_its_first_start_serves_the_next_time() {
    let whole = Volume::new();
    let states = states(whole.start(), &whole.path("data"), STARTED, 5);
    assert!(states.len() > 2, "{}", states.len());
    // Two at once: a JVM's start is not busy all the time.
    let (early, late) = states.split_at(states.len() / 2);
    std::thread::scope(|scope| {
        for half in [early, late] {
            scope.spawn(move || {
                for state in half {
                    let volume = Volume::new();
                    state.put(&volume.path("data"));
                    volume.serves(&state.told);
                }
            });
        }
    });
    // Within the format no line tells how far it came: its mark is missing.
    fs::remove_file(whole.path("data/logs/meta.properties")).expect("written by the format");
    whole.serves("a format without its mark");
}
