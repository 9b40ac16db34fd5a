//! `--web.max-requests`: so many scrapes are under way, until they are read.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::running::Running;
use crate::siege::{node, on, request, unwilling};

/// The status of a scrape of its own connection.
fn status(running: &Running) -> Option<u16> {
    running.connect().try_status("GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
}

/// Scrapes until there is an answer of that status.
fn until(running: &Running, wanted: u16, patience: Duration) {
    let start = Instant::now();
    while status(running) != Some(wanted) {
        assert!(start.elapsed() < patience, "no {wanted}");
        std::thread::yield_now();
    }
}

const SOON: Duration = Duration::from_secs(20);

#[test]
fn beyond_the_limit_a_scrape_is_refused_until_one_under_way_is_read() {
    let node = node();
    let running = Running::start(on(node.path()).arg("--web.max-requests=2"));
    let mut sitting: Vec<_> = (0..2).map(|_| unwilling(&running, &request("/metrics"))).collect();
    until(&running, 503, SOON);
    // So it stays, and so does what is no scrape.
    for _ in 0..20 {
        assert_eq!(status(&running), Some(503));
    }
    assert_eq!(running.get("/healthz"), b"ok\n");
    // Who leaves, leaves a place.
    sitting.pop();
    until(&running, 200, SOON);
    // And so does who is put out because he does not read.
    let more = unwilling(&running, &request("/metrics"));
    until(&running, 503, SOON);
    until(&running, 200, Duration::from_secs(45));
    drop((more, sitting));
}

#[test]
fn forty_at_once_with_a_limit_of_one_are_answered_or_refused() {
    let node = node();
    let running = Running::start(on(node.path()).arg("--web.max-requests=1"));
    let seen = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let status = status(&running);
                    seen.lock().unwrap().push(status);
                }
            });
        }
    });
    let seen = seen.into_inner().unwrap();
    let of = |wanted| seen.iter().filter(|status| **status == Some(wanted)).count();
    println!("{} pages, {} refused", of(200), of(503));
    assert_eq!(of(200) + of(503), 200, "{seen:?}");
    assert!(of(200) > 0 && of(503) > 0);
    // All are given back.
    until(&running, 200, SOON);
}

#[test]
fn without_a_limit_whoever_asks_is_answered() {
    let node = node();
    for flag in [None, Some("--web.max-requests=0")] {
        let running = Running::start(on(node.path()).args(flag));
        let sitting: Vec<_> = (0..60).map(|_| unwilling(&running, &request("/metrics"))).collect();
        for _ in 0..5 {
            assert_eq!(status(&running), Some(200));
        }
        drop(sitting);
    }
}
