//! A month of scrapes: what the agent holds does not grow.

use std::process::Command;

use crate::build::artifact;
use crate::exposition;
use crate::running::Running;

const SCRAPES: u32 = 100_000;

/// After so many it holds what it will hold.
const WARM: u32 = 1_000;

/// Growth that is none, in KiB: a page of the allocator's, now and then.
const NONE: u64 = 128;

#[test]
fn a_hundred_thousand_scrapes_leave_memory_and_files_as_they_were() {
    let (program, _folder) = artifact(std::env::consts::ARCH);
    let running = Running::start(&mut Command::new(program));
    let mut connection = running.connect();
    let held = |running: &Running| (running.status("VmRSS"), running.files());
    let mut warm = (0, 0);
    for scrape in 1..=SCRAPES {
        // Each third as Prometheus asks: OpenMetrics, compressed.
        let answer = if scrape % 3 == 0 {
            connection.send(
                "GET /metrics HTTP/1.1\r\nhost: agent\r\naccept-encoding: gzip\r\n\
                 accept: application/openmetrics-text;version=1.0.0\r\n\r\n",
            )
        } else {
            connection.get("/metrics")
        };
        assert_eq!(answer.status, 200, "scrape {scrape}");
        if scrape % 1_000 == 1 {
            // One connection a scrape as well.
            exposition::read_unique(&running.get("/metrics")).unwrap();
        }
        if scrape == WARM {
            warm = held(&running);
        }
    }
    let (resident, files) = held(&running);
    println!("{warm:?} KiB and files after {WARM} scrapes, {resident} and {files} after {SCRAPES}");
    assert!(resident <= warm.0 + NONE, "{warm:?} -> {resident} KiB");
    assert_eq!(files, warm.1);
    assert_eq!(running.status("Threads"), 2);
}
