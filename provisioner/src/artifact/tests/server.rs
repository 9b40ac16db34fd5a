//! A web server of one thread that answers as it is told and remembers what it
//! was asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One answer.
pub(super) enum Reply {
    /// 200 with this body.
    Body(Vec<u8>),
    /// This status, no body.
    Status(u16),
    /// 302 to this path.
    Redirect(String),
    /// 200 that announces so many bytes, sends these and hangs up.
    Truncated(usize, Vec<u8>),
    /// Nothing, until the client gives up.
    Silence,
    /// 200 that announces so many bytes and sends one now and then, until the
    /// client gives up.
    Drip(usize),
    /// 200 that announces so many bytes and sends none.
    Stall(usize),
}

pub(super) struct Server {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `answer` is given the path and how many requests came before.
    pub(super) fn start(answer: impl Fn(&str, usize) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&asked);
        // Ends with the test process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(path) = request(&stream) else {
                    // A TLS greeting, to a server that knows none.
                    let _ = reply(stream, Reply::Status(400));
                    continue;
                };
                let before = {
                    let mut log = log.lock().unwrap();
                    log.push(path.clone());
                    log.len() - 1
                };
                // A client that hung up has seen enough.
                let _ = reply(stream, answer(&path, before));
            }
        });
        Self { url, asked }
    }

    /// The paths asked for, in order.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn request(stream: &TcpStream) -> Option<String> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    for line in lines {
        if line.ok()?.is_empty() {
            break;
        }
    }
    first.split(' ').nth(1).map(str::to_owned)
}

fn reply(mut stream: TcpStream, reply: Reply) -> std::io::Result<()> {
    let head = |status: u16, length: usize, more: &str| {
        format!(
            "HTTP/1.1 {status} Said\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n"
        )
    };
    match reply {
        Reply::Body(body) => {
            stream.write_all(head(200, body.len(), "").as_bytes())?;
            stream.write_all(&body)
        }
        Reply::Status(status) => stream.write_all(head(status, 0, "").as_bytes()),
        Reply::Redirect(to) => {
            stream.write_all(head(302, 0, &format!("Location: {to}\r\n")).as_bytes())
        }
        Reply::Truncated(announced, body) => {
            stream.write_all(head(200, announced, "").as_bytes())?;
            stream.write_all(&body)
        }
        Reply::Silence => wait(stream),
        Reply::Stall(announced) => {
            stream.write_all(head(200, announced, "").as_bytes())?;
            wait(stream)
        }
        Reply::Drip(announced) => {
            stream.write_all(head(200, announced, "").as_bytes())?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(Duration::from_millis(20)))?;
            for _ in 0..announced {
                stream.write_all(b"x")?;
                // The pause between two bytes, which a client that goes ends.
                if matches!(stream.read(&mut [0; 64]), Ok(0)) {
                    break;
                }
            }
            Ok(())
        }
    }
}

/// Until the client gives up.
fn wait(mut stream: TcpStream) -> std::io::Result<()> {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).map(|_| ())
}
