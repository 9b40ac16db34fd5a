//! The recording that comes with the program, and marked records.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::broker::Broker;
use crate::program::{Setup, program, wait_for};
use crate::records::{decode, text};

/// The program serving its recording.
struct Recording {
    child: Child,
    api: String,
}

impl Recording {
    fn start() -> Self {
        let mut child = Command::new(program())
            .args(["record-server", "--listen", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
        let api = line.trim_end().rsplit(' ').next().unwrap().to_owned();
        Self { child, api }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn a_mark_goes_from_github_to_kafka(broker: &Broker) {
    let recording = Recording::start();
    let setup = Setup::new(broker, &format!("[github]\napi = \"{}\"\n", recording.api));
    let output = setup.output(&["github", "--check", "mark-77"]);
    assert!(output.status.success(), "{output:?}");
    let value = &broker.compacted("github-checks")["mark-77"];
    let record = decode("github-checks", value, &broker.schemas);
    assert_eq!(text(&record, "id"), "mark-77");
    assert_eq!(text(&record, "api"), recording.api);
}

pub(crate) fn a_recording_is_followed(broker: &Broker) {
    let recording = Recording::start();
    let names = "[\"example/terrarium\", \"example/renamed\"]";
    let config = format!(
        "[github]\napi = \"{}\"\nhistory = \"36500d\"\nrepositories = {names}\n",
        recording.api
    );
    let setup = Setup::new(broker, &config);
    let running = setup.start(&["github"]);
    let of_recording = |topic: &str| {
        let records = broker.compacted(topic).into_values();
        let records = records.filter(|value| value.windows(8).any(|part| part == b"example/"));
        records.map(|value| decode(topic, &value, &broker.schemas)).collect::<Vec<_>>()
    };
    for topic in ["issues", "pull_requests", "commits", "releases", "stargazers"] {
        let topic = format!("github-{topic}");
        wait_for(&topic, || (!of_recording(&topic).is_empty()).then_some(()));
    }
    wait_for("the renamed repository", || {
        running.log().contains("example/renamed is now called example/garden").then_some(())
    });
    assert!(running.stop());
}
