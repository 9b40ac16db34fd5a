//! Downloads that never end by themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::*;

/// Deadlines that a test can wait for, and of which none comes first by chance.
fn timeouts() -> Timeouts {
    let long = Duration::from_mins(10);
    Timeouts { connect: long, silence: long, window: long, least: 1 << 20, whole: long }
}

fn error(server: &Server, timeouts: Timeouts) -> FetchError {
    let dir = tempfile::tempdir().unwrap();
    let error = fails(&store(dir.path()).timeouts(timeouts), &wanted(&server.url));
    assert_eq!(files(dir.path()), [""; 0], "nothing half-written stays");
    error
}

#[test]
fn silence_ends_at_its_deadline() {
    let server = Server::start(|_, _| Reply::Silence);
    let silence = Duration::from_millis(50);
    let error = error(&server, Timeouts { silence, ..timeouts() });
    assert!(error.to_string().ends_with("gave up waiting for data after 0.05 s"), "{error}");
    assert!(error.is_transient());
}

#[test]
fn a_drip_ends_with_how_much_came_in_what_time() {
    let server = site(|_| Reply::Drip(200_000));
    let window = Duration::from_millis(300);
    let error = error(&server, Timeouts { window, ..timeouts() });
    assert!(matches!(error, FetchError::TooSlow { came: 1.., .. }), "{error:?}");
    for part in ["bytes came in 0.3 s", "at least 1048576 are expected", "of 200000"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    assert!(!error.is_transient() && error.hint().contains("--patience"));
    assert_eq!(server.asked().len(), 2, "it is not begun anew");
}

#[test]
fn a_drip_of_checksums_ends_as_well() {
    let server = Server::start(|_, _| Reply::Drip(1_000_000));
    let window = Duration::from_millis(300);
    let error = error(&server, Timeouts { window, ..timeouts() });
    assert!(matches!(error, FetchError::TooSlow { .. }), "{error:?}");
}

#[test]
fn the_whole_download_has_a_deadline() {
    let server = site(|_| Reply::Drip(200_000));
    let error = error(&server, Timeouts { whole: Duration::from_millis(300), ..timeouts() });
    assert!(matches!(error, FetchError::TooLong { .. }), "{error:?}");
    assert!(error.to_string().contains("not done within 0.3 s"), "{error}");
}

#[test]
fn a_download_ends_within_a_second_of_being_cancelled_whatever_the_site_does() {
    for reply in [|| Reply::Silence, || Reply::Drip(200_000), || Reply::Stall(200_000)] {
        let server = site(move |_| reply());
        let dir = tempfile::tempdir().unwrap();
        let cancel = Arc::new(AtomicBool::new(false));
        let store = store(dir.path()).timeouts(timeouts()).cancelled_by(Arc::clone(&cancel));
        let wanted = wanted(&server.url);
        let run = std::thread::spawn(move || store.file(&wanted, |_, _| ()));
        while server.asked().len() < 2 {
            std::thread::yield_now();
        }
        let begun = Instant::now();
        cancel.store(true, Ordering::Relaxed);
        let error = run.join().unwrap().unwrap_err();
        assert!(matches!(error, FetchError::Cancelled { .. }), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        assert_eq!(files(dir.path()), [""; 0], "nothing half-written stays");
    }
}

#[test]
fn a_pause_between_attempts_ends_when_cancelled() {
    let server = site(|_| Reply::Status(503));
    let dir = tempfile::tempdir().unwrap();
    let cancel = Arc::new(AtomicBool::new(false));
    let store =
        store(dir.path()).pauses(vec![Duration::from_hours(1)]).cancelled_by(Arc::clone(&cancel));
    let wanted = wanted(&server.url);
    let run = std::thread::spawn(move || store.file(&wanted, |_, _| ()));
    while server.asked().len() < 2 {
        std::thread::yield_now();
    }
    cancel.store(true, Ordering::Relaxed);
    assert!(matches!(run.join().unwrap(), Err(FetchError::Cancelled { .. })));
}
