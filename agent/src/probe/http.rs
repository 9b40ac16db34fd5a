//! HTTP: one GET; a status below 400, and a text in the body if one is asked
//! for. Redirects are answers, not followed: they lead elsewhere.

use std::net::SocketAddr;

use httparse::{EMPTY_HEADER, Response, Status};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

use super::Findings;
use super::answer::{self, Failure};

/// A head larger than this is nobody's.
const LARGEST_HEAD: usize = 16 * 1024;
/// Of a body, so much is looked at.
const LARGEST_BODY: usize = 16 * 1024;
/// More lines than any server's head has.
const MOST_HEADERS: usize = 100;

/// What is asked.
#[derive(Debug)]
pub(super) struct Request<'r> {
    pub(super) host: SocketAddr,
    pub(super) path: &'r str,
    pub(super) body: Option<&'r str>,
}

/// How an answer begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Its own length.
    length: usize,
    body: Body,
}

/// How the end of a body is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Chunked,
    Length(usize),
    /// The connection's end is the body's.
    Open,
}

pub(super) async fn ask(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    asked: &Request<'_>,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let question = format!(
        "GET {} HTTP/1.1\r\nhost: {}\r\nuser-agent: terrarium-agent/{}\r\nconnection: close\r\n\r\n",
        asked.path,
        asked.host,
        env!("CARGO_PKG_VERSION")
    );
    answer::send(stream, question.as_bytes()).await?;
    let mut said = Vec::new();
    let head = loop {
        match head(&said)? {
            // It only announces the answer.
            Some(head) if head.status < 200 => drop(said.drain(..head.length)),
            Some(head) => break head,
            None if said.len() >= LARGEST_HEAD => {
                return Err(Failure::unexpected("a shorter head", &said));
            }
            None if is_over(stream, &mut said).await? => {
                return Err(Failure::unexpected("an HTTP answer", &said));
            }
            None => {}
        }
    };
    findings.status = Some(head.status);
    if head.status >= 400 {
        return Err(Failure::unexpected("a status below 400", head.status.to_string().as_bytes()));
    }
    let Some(text) = asked.body else { return Ok(()) };
    said.drain(..head.length);
    let mut ended = false;
    loop {
        let (seen, whole) = head.body.of(&said);
        if text.is_empty() || seen.windows(text.len()).any(|window| window == text.as_bytes()) {
            return Ok(());
        }
        if whole || ended || said.len() >= LARGEST_BODY {
            return Err(Failure::unexpected("a body with the text asked for", &seen));
        }
        ended = is_over(stream, &mut said).await?;
    }
}

/// Reads on, at most what a head or body may have; whether there was no more.
async fn is_over(
    stream: &mut (impl AsyncRead + Unpin),
    said: &mut Vec<u8>,
) -> Result<bool, Failure> {
    let room = LARGEST_HEAD.max(LARGEST_BODY).saturating_sub(said.len());
    let mut stream = stream.take(u64::try_from(room).unwrap_or(0));
    Ok(stream.read_buf(said).await.map_err(Failure::Lost)? == 0)
}

/// The head of an answer, once it is there.
fn head(said: &[u8]) -> Result<Option<Head>, Failure> {
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut response = Response::new(&mut headers);
    let length = match response.parse(said) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(_) => return Err(Failure::unexpected("an HTTP answer", said)),
    };
    let header = |name: &str| {
        let mut all = response.headers.iter();
        all.find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
    };
    let number = |value: &[u8]| str::from_utf8(value).ok()?.trim().parse().ok();
    let body = if header("transfer-encoding").is_some() {
        Body::Chunked
    } else {
        header("content-length").and_then(number).map_or(Body::Open, Body::Length)
    };
    Ok(response.code.map(|status| Head { status, length, body }))
}

impl Body {
    /// What of the body is there, and whether that is all of it.
    fn of(self, said: &[u8]) -> (Vec<u8>, bool) {
        match self {
            Self::Open => (said.to_owned(), false),
            Self::Length(length) => {
                (said[..said.len().min(length)].to_owned(), said.len() >= length)
            }
            Self::Chunked => chunks(said),
        }
    }
}

/// The contents of the chunks that are there, and whether one was the last.
fn chunks(mut said: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let (start, length) = match httparse::parse_chunk_size(said) {
            Ok(Status::Complete((_, 0))) | Err(_) => return (body, true),
            Ok(Status::Complete(chunk)) => chunk,
            Ok(Status::Partial) => return (body, false),
        };
        let rest = said.get(start..).unwrap_or_default();
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        body.extend_from_slice(&rest[..rest.len().min(length)]);
        // Each is followed by an end of line.
        match rest.get(length.saturating_add(2)..) {
            Some(next) => said = next,
            None => return (body, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_head_says_where_the_body_ends() {
        for (said, status, body) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", 200, Body::Length(7)),
            ("HTTP/1.0 302 Found\r\n\r\n", 302, Body::Open),
            ("HTTP/1.1 200\r\ntransfer-encoding: chunked\r\n\r\n", 200, Body::Chunked),
        ] {
            let found = head(format!("{said}body").as_bytes()).unwrap();
            assert_eq!(found, Some(Head { status, length: said.len(), body }), "{said}");
            for end in 0..said.len() {
                assert_eq!(head(&said.as_bytes()[..end]).unwrap(), None, "{}", &said[..end]);
            }
        }
        let other = head(b"220 mail ready\r\n").unwrap_err().to_string();
        assert_eq!(other, "expected an HTTP answer, got 220 mail ready\\r\\n");
    }

    #[test]
    fn chunks_are_put_together() {
        let whole = b"4\r\nis w\r\n3;x=y\r\nell\r\n0\r\n\r\n";
        assert_eq!(chunks(whole), (b"is well".to_vec(), true));
        assert_eq!(chunks(&whole[..14]), (b"is w".to_vec(), false));
        assert_eq!(chunks(&whole[..18]), (b"is wel".to_vec(), false));
        assert_eq!(chunks(b"ffffffffffffffff\r\nmuch"), (b"much".to_vec(), false));
        assert_eq!(chunks(b"no chunk"), (Vec::new(), true));
    }

    proptest! {
        #[test]
        fn whatever_is_answered_is_read_or_refused(said: Vec<u8>, length: usize) {
            let _ = head(&said);
            for body in [Body::Chunked, Body::Length(length), Body::Open] {
                prop_assert!(body.of(&said).0.len() <= said.len());
            }
        }
    }
}
