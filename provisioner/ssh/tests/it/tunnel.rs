//! Connections from the node to what it reaches.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use terrarium_ssh::TunnelError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::node::Node;

const WITHIN: Duration = Duration::from_secs(20);

/// Something of the node's loopback that sends back what it is sent.
fn echo() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut back = stream.try_clone().unwrap();
            let _ = std::io::copy(&mut stream, &mut back);
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    });
    port
}

#[tokio::test]
async fn what_listens_on_the_nodes_loopback_is_reached() {
    let node = Node::start();
    let session = node.session().await;
    let port = echo();
    let sent: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    // More than sshd's sessions: these are none.
    for _ in 0..12 {
        let tunnel = session.dial("127.0.0.1", port, WITHIN).await.unwrap();
        let (mut read, mut write) = tokio::io::split(tunnel);
        let sending = async {
            write.write_all(&sent).await.unwrap();
            write.shutdown().await.unwrap();
        };
        let mut back = Vec::new();
        let ((), read) = tokio::join!(sending, read.read_to_end(&mut back));
        read.unwrap();
        assert_eq!(back, sent);
    }
    assert_eq!(session.stats().round_trips, 12);
}

#[tokio::test]
async fn where_nobody_listens_the_address_is_named() {
    let node = Node::start();
    let session = node.session().await;
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let error = session.dial("127.0.0.1", free, WITHIN).await.unwrap_err();
    assert!(matches!(error, TunnelError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains(&format!("127.0.0.1:{free}")), "{error}");
}

#[tokio::test]
async fn an_sshd_that_forwards_nothing_is_told_apart() {
    let node = Node::with(&["ed25519"], "AllowTcpForwarding no");
    let session = node.session().await;
    let error = session.dial("127.0.0.1", 9, WITHIN).await.unwrap_err();
    assert!(matches!(error, TunnelError::Forbidden { .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("AllowTcpForwarding"));
}
