//! Clients that mean no good, and one that does.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::exposition;
use crate::running::{Running, agent};

const REQUESTS: u32 = 10_000;

/// Who sends them, side by side.
const THREADS: u32 = 8;

/// Connections each of them leaves open behind it: all together more than
/// the agent has seats.
const LEFT_OPEN: usize = 25;

/// Numbers that only look like chance: each run does the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most)).map(|_| u8::try_from(self.below(256)).unwrap()).collect()
    }
}

/// What the sender does once it has sent.
enum Then {
    Reads,
    SaysNoMore,
    Leaves,
    Sits,
}

/// A request and what its sender does next.
fn attack(dice: &mut Dice) -> (Vec<u8>, Then) {
    let get = b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n".to_vec();
    let then =
        [Then::Reads, Then::SaysNoMore, Then::Leaves].into_iter().nth(dice.below(3)).unwrap();
    match dice.below(14) {
        0 => (dice.bytes(600), then),
        1 => ([b"GET ", &dice.bytes(200)[..], b" HTTP/1.1\r\n\r\n"].concat(), then),
        2 => ([b"GET /", &vec![b'a'; 100_000][..], b" HTTP/1.1\r\n\r\n"].concat(), then),
        3 => ([b"GET / HTTP/1.1\r\nx: ", &vec![b'a'; 100_000][..]].concat(), then),
        4 => ([b"GET / HTTP/1.1\r\n", &b"x: y\r\n".repeat(2_000)[..], b"\r\n"].concat(), then),
        5 => (get[..dice.below(get.len())].to_vec(), Then::Sits),
        6 => (get, Then::Sits),
        7 => (get.repeat(30), then),
        8 => (b"POST /metrics HTTP/1.1\r\ncontent-length: 999999999\r\n\r\nabc".to_vec(), then),
        9 => {
            let head = b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
            ([head, dice.bytes(100)].concat(), then)
        }
        10 => (b"GET /metrics HTTP/1.1\r\ncontent-length: -1\r\n\r\n".to_vec(), then),
        11 => (b"GET /metrics HTTP/9.9\r\n\r\n".to_vec(), then),
        12 => {
            let query = ["collect[]=%ff%00", "collect[]=", "exclude[]=cpu&collect[]=cpu", "%"];
            let query = query[dice.below(4)];
            (format!("GET /metrics?{query} HTTP/1.1\r\n\r\n").into_bytes(), then)
        }
        // The first bytes of a TLS handshake.
        _ => (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), then),
    }
}

/// Sends `REQUESTS / THREADS` of them.
fn assail(running: &Running, seed: u32, ended: &AtomicU32) {
    let mut dice = Dice(u64::from(seed) + 1);
    let mut open: Vec<TcpStream> = Vec::new();
    for _ in 0..REQUESTS / THREADS {
        let (request, then) = attack(&mut dice);
        let mut stream = running.stream();
        // The agent may hang up in the middle: that is its right.
        let _ = stream.write_all(&request);
        match then {
            Then::Leaves => {}
            Then::Sits => open.push(stream),
            Then::SaysNoMore => {
                let _ = stream.shutdown(Shutdown::Write);
                to_the_end(stream);
            }
            Then::Reads => {
                // An answer's begin, or none.
                stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
                let _ = stream.read(&mut [0; 512]);
            }
        }
        if open.len() > LEFT_OPEN {
            open.swap_remove(dice.below(LEFT_OPEN));
        }
    }
    ended.fetch_add(1, Ordering::Relaxed);
}

/// The agent must end a connection whose other side has ended.
fn to_the_end(mut stream: TcpStream) {
    let mut room = vec![0; 64 * 1024];
    loop {
        match stream.read(&mut room) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                let timed_out = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                assert!(!timed_out, "a half-closed connection was left open");
                return;
            }
        }
    }
}

#[test]
fn ten_thousand_hostile_requests_keep_nobody_else_waiting() {
    let running = Running::start(&mut agent());
    for _ in 0..50 {
        running.get("/metrics");
    }
    let (memory, files) = (running.status("VmRSS"), running.files());

    let (ended, all_ended) = (AtomicU32::new(0), AtomicBool::new(false));
    let scrapes = std::thread::scope(|scope| {
        let scraper = scope.spawn(|| {
            let mut scrapes = 0;
            while !all_ended.load(Ordering::Relaxed) {
                // Each answer within the connection's patience, each whole.
                exposition::read_unique(&running.get("/metrics")).unwrap();
                scrapes += 1;
            }
            scrapes
        });
        let hostile: Vec<_> = (0..THREADS)
            .map(|seed| {
                scope.spawn({
                    let (running, ended) = (&running, &ended);
                    move || assail(running, seed, ended)
                })
            })
            .collect();
        let outcomes: Vec<_> =
            hostile.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        all_ended.store(true, Ordering::Relaxed);
        assert!(outcomes.iter().all(Result::is_ok));
        scraper.join().unwrap()
    });
    assert_eq!(ended.into_inner(), THREADS);
    assert!(scrapes > 0);

    // All of them gone, it holds what it held.
    let deadline = Instant::now() + Duration::from_mins(1);
    while running.files() > files && Instant::now() < deadline {
        std::thread::yield_now();
    }
    let after = running.status("VmRSS");
    println!("{scrapes} scrapes meanwhile; resident {memory} -> {after} KiB");
    assert!(running.files() <= files, "{} files, {files} before", running.files());
    assert!(after <= memory + 12 * 1024, "{memory} -> {after} KiB");
    assert_eq!(running.status("Threads"), 2);
    let (code, log) = running.terminate();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn those_who_only_sit_there_give_way() {
    let running = Running::start(&mut agent());
    let sitting: Vec<TcpStream> = (0..400)
        .map(|at| {
            let mut stream = running.stream();
            if at % 2 == 0 {
                stream.write_all(b"GET /metr").unwrap();
            }
            stream
        })
        .collect();
    assert_eq!(running.connect().get("/metrics").status, 200);
    // The first to come had to leave; the last still sits.
    let mut first = &sitting[0];
    assert!(!matches!(first.read(&mut [0; 1]), Ok(1..)));
    let mut last = sitting.last().unwrap();
    last.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let error = last.read(&mut [0; 1]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
}
