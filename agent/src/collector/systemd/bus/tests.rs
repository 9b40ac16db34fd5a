//! Against sockets that are no bus, or one that misbehaves.

use std::os::unix::net::UnixListener;
use std::thread;

use super::*;

/// What comes of connecting to a bus that says `greeting`, reads no more and
/// hangs up or, if it `stays`, does not.
fn meet(greeting: &'static [u8], stays: bool) -> io::ErrorKind {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus");
    let listener = UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = [0; 64];
        let _ = stream.read(&mut asked);
        let _ = stream.write_all(greeting);
        if stays {
            while stream.read(&mut asked).is_ok_and(|read| read > 0) {}
        }
    });
    let kind = Bus::connect(&path, Instant::now() + Duration::from_millis(300)).unwrap_err().kind();
    server.join().unwrap();
    kind
}

#[test]
fn a_bus_that_hangs_up_is_left() {
    assert!(matches!(
        meet(b"", false),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset
    ));
}

#[test]
fn a_bus_that_says_nothing_is_not_waited_for() {
    assert_eq!(meet(b"", true), io::ErrorKind::TimedOut);
    assert_eq!(meet(b"OK 1234\r\n", true), io::ErrorKind::TimedOut);
}

#[test]
fn a_bus_that_refuses_or_babbles_is_left() {
    assert_eq!(meet(b"REJECTED EXTERNAL\r\n", true), io::ErrorKind::PermissionDenied);
    assert_eq!(meet(&[b'x'; 1000], true), io::ErrorKind::InvalidData);
    assert_eq!(meet(b"OK\r\nHTTP/1.1 400 Bad Request", true), io::ErrorKind::InvalidData);
}

#[test]
fn where_there_is_no_bus_the_kernel_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let absent = Bus::connect(&folder.path().join("bus"), Instant::now() + Duration::from_secs(1));
    assert_eq!(absent.unwrap_err().kind(), io::ErrorKind::NotFound);
}
