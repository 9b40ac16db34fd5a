//! The metrics' first start: Prometheus of this machine with the chart's arguments and
//! rules. Where it asks the API for what to scrape, it scrapes itself here.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::pod::{ADDRESS, PATH, Pod};
use crate::states::states;

const READY: &str = "Server is ready to receive web requests";

/// Whether the server stores what it scrapes, and answers by the pod's address.
const ASK: &str = r#"
import json, sys, time, urllib.request
end = time.monotonic() + 60
while time.monotonic() < end:
    address = f"http://{sys.argv[1]}:9090/api/v1/query?query=up"
    with urllib.request.urlopen(address, timeout=10) as answer:
        if [row["value"][1] for row in json.load(answer)["data"]["result"]] == ["1"]:
            sys.exit(0)
    time.sleep(0.05)
sys.exit("nothing was stored")
"#;

struct Volume(TempDir);

impl Volume {
    fn new() -> Self {
        let volume = Self(tempfile::tempdir().expect("a folder"));
        let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/prometheus");
        fs::copy(chart.join("files/rules.yml"), volume.path("rules.yml")).expect("copied");
        let config = format!(
            "global: {{scrape_interval: 100ms, scrape_timeout: 100ms}}\n\
             rule_files: [{}]\n\
             scrape_configs: [{{job_name: self, static_configs: [{{targets: ['{ADDRESS}:9090']}}]}}]\n",
            volume.path("rules.yml").display()
        );
        fs::write(volume.path("prometheus.yml"), config).expect("written");
        fs::create_dir(volume.path("data")).expect("made");
        let template = fs::read_to_string(chart.join("templates/prometheus.yaml"));
        let template = template.expect("text");
        let arguments = template.lines().filter_map(|line| line.trim().strip_prefix("- --"));
        let arguments: Vec<_> = arguments.map(|argument| format!("--{argument}")).collect();
        let arguments = arguments
            .join(" ")
            .replace("/etc/prometheus", &volume.0.path().display().to_string())
            .replace("=/prometheus", &format!("={}", volume.path("data").display()))
            .replace("{{ .Values.retention.time }}", "7d")
            .replace("{{ .Values.retention.size }}", "2GB");
        assert!(arguments.contains("--storage.tsdb.path=") && !arguments.contains("{{"));
        fs::write(volume.path("start.sh"), format!("exec prometheus {arguments}\n"))
            .expect("written");
        // The user `daemon` has the number 1 everywhere.
        chown(volume.path("data"), Some(1), Some(1)).expect("root may");
        fs::set_permissions(volume.path(""), fs::Permissions::from_mode(0o755)).expect("ours");
        volume
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn start(&self) -> Pod {
        Pod::start("daemon", &self.path("start.sh"), &[], &[("PATH", PATH)], &[])
    }
}

#[test]
fn prometheus_cut_off_at_any_line_of_its_first_start_stores_what_it_scrapes_the_next_time() {
    let whole = Volume::new();
    let states = states(whole.start(), &whole.path("data"), READY, 12);
    assert!(states.len() > 1, "{}", states.len());
    for state in states {
        let volume = Volume::new();
        state.put(&volume.path("data"));
        let mut pod = volume.start();
        let said = pod.until(READY);
        let asked = pod.client(Path::new("python3")).args(["-c", ASK, ADDRESS]).output();
        let asked = asked.expect("python3 runs");
        let stderr = String::from_utf8_lossy(&asked.stderr);
        assert!(asked.status.success(), "{}: {stderr}{}", state.told, said.join("\n"));
    }
}
