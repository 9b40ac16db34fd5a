//! The configuration, read again.

use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use super::{Fake, PATIENCE, probe, start, successes, until, values};
use crate::exposition;
use crate::running::{Running, agent};

fn single(page: &[u8], family: &str) -> f64 {
    exposition::read_unique(page).unwrap()[family].samples[0].value.parse().unwrap()
}

fn hangup(running: &Running) {
    let pid = Pid::from_raw(i32::try_from(running.pid()).unwrap()).unwrap();
    kill_process(pid, Signal::HUP).unwrap();
}

const SUCCESSFUL: &str = "terrarium_agent_config_last_reload_successful";
const TIMESTAMP: &str = "terrarium_agent_config_last_reload_success_timestamp_seconds";

#[test]
fn a_broken_file_keeps_the_old_one_and_says_so() {
    let fake = Fake::tcp(b"+PONG\r\n".to_vec());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("agent.toml");
    let first = probe("first", "redis", &fake.target());
    let running = start(folder.path(), &first);
    successes(&running, 1);
    let page = running.get("/metrics");
    assert_eq!(single(&page, SUCCESSFUL), 1.0);
    let read = single(&page, TIMESTAMP);
    assert!(read > 1.6e9, "{read}");

    std::fs::write(&file, format!("{first}[[probe]]\nname = 1\n")).unwrap();
    hangup(&running);
    let page = until(&running, |page| single(page, SUCCESSFUL) == 0.0);
    assert_eq!(single(&page, TIMESTAMP), read);
    assert_eq!(values(&page, "probe_success")["first"], 1.0);

    std::fs::write(&file, probe("second", "tcp", &fake.target())).unwrap();
    hangup(&running);
    let page = until(&running, |page| values(page, "probe_success").contains_key("second"));
    assert_eq!(single(&page, SUCCESSFUL), 1.0);
    assert!(single(&page, TIMESTAMP) > read);
    assert!(!values(&page, "probe_success").contains_key("first"));
    assert!(!values(&page, "terrarium_agent_probe_failures_total").contains_key("first"));

    let (code, log) = running.terminate();
    assert_eq!(code, Some(0));
    let said = format!("{}:8: invalid type: integer `1`, expected a string", file.display());
    assert_eq!(log.matches(&said).count(), 1, "{log}");
}

#[test]
fn a_probe_that_stays_keeps_what_it_counted() {
    let folder = tempfile::tempdir().unwrap();
    let closed = format!("target = \"{}\"", super::fakes::closed());
    let stays = probe("stays", "tcp", &closed);
    let running = start(folder.path(), &stays);
    let failures = |page: &[u8]| {
        let all = values(page, "terrarium_agent_probe_failures_total");
        (all.get("stays").copied().unwrap_or(0.0), all.contains_key("more"))
    };
    let page = until(&running, |page| failures(page).0 >= 2.0);
    let before = failures(&page).0;
    let more = probe("more", "tcp", &closed);
    std::fs::write(folder.path().join("agent.toml"), format!("{stays}{more}")).unwrap();
    hangup(&running);
    let page = until(&running, |page| failures(page).1);
    assert!(failures(&page).0 >= before);
}

#[test]
fn an_agent_without_a_file_serves_and_survives_the_signal() {
    let running = Running::start(&mut agent());
    hangup(&running);
    assert!(!running.get("/metrics").is_empty());
    let missing = Running::start(agent().arg("--config.file=/nonexistent/agent.toml"));
    let start = Instant::now();
    assert_eq!(single(&missing.get("/metrics"), SUCCESSFUL), 0.0);
    assert!(start.elapsed() < PATIENCE);
}
