//! Fake services: a port that answers whatever it was told to, or never.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};

/// A service in threads of its own, for as long as the test runs.
pub(crate) struct Fake {
    address: SocketAddr,
}

impl Fake {
    /// Answers the first bytes of each connection with `answer`.
    pub(crate) fn tcp(answer: Vec<u8>) -> Self {
        Self::accepting(move |mut stream| {
            let mut question = [0; 4096];
            // A client that only looks is as good.
            if stream.read(&mut question).is_ok_and(|read| read > 0) {
                let _ = stream.write_all(&answer);
            }
        })
    }

    /// Takes connections, and says nothing.
    pub(crate) fn hanging() -> Self {
        Self::accepting(|mut stream| {
            let mut question = [0; 4096];
            while stream.read(&mut question).is_ok_and(|read| read > 0) {}
        })
    }

    fn accepting(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let serve = serve.clone();
                std::thread::spawn(move || serve(stream.unwrap()));
            }
        });
        Self { address }
    }

    /// Answers each packet: first one of somebody else, then with this code
    /// and number of records.
    pub(crate) fn dns(code: u8, records: u8) -> Self {
        Self::answering(move |socket, packet, client| {
            let mut other = packet.to_vec();
            other[0] ^= 0xff;
            socket.send_to(&other, client).unwrap();
            let mut answer = packet.to_vec();
            answer[2] |= 0x80;
            answer[3] = code;
            answer[7] = records;
            socket.send_to(&answer, client).unwrap();
        })
    }

    /// Takes packets, and says nothing.
    pub(crate) fn silent_dns() -> Self {
        Self::answering(|_, _, _| {})
    }

    fn answering(answer: impl Fn(&UdpSocket, &[u8], SocketAddr) + Send + 'static) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        std::thread::spawn(move || {
            let mut packet = [0; 512];
            while let Ok((length, client)) = socket.recv_from(&mut packet) {
                answer(&socket, &packet[..length], client);
            }
        });
        Self { address }
    }

    /// Its line in the configuration.
    pub(crate) fn target(&self) -> String {
        format!("target = \"{}\"", self.address)
    }
}

/// An address nobody listens on.
pub(crate) fn closed() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
