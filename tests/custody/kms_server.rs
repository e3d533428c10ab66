//! A small server that answers as KMS is documented to, where moto does not: refusals, throttling, and no answer at all.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request, as it came over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// What is asked for: `Encrypt`, `DescribeKey`, …
    pub(crate) action: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(known, _)| known == name);
        header.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What the server does with a request.
pub(crate) enum Reply {
    /// Answers.
    Answer(u16, String),
    /// Answers with something that is not HTTP.
    Raw(Vec<u8>),
    /// Closes the connection.
    Close,
    /// Keeps the connection and says nothing for so long.
    Hang(Duration),
}

/// An exception of KMS as its documentation shows them.
pub(crate) fn exception(status: u16, name: &str, message: &str) -> Reply {
    Reply::Answer(
        status,
        serde_json::json!({ "__type": name, "message": message }).to_string(),
    )
}

/// A server on a port of its own.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Starts a server that does what `reply` says, which is told the request and how many came before it.
    pub(crate) fn start(reply: impl Fn(&Request, usize) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        // It ends with the test program.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Some(request) = read(&mut stream.as_ref().unwrap()) else {
                    continue;
                };
                let before = seen.lock().unwrap().len();
                seen.lock().unwrap().push(request.clone());
                answer(stream.unwrap(), reply(&request, before));
            }
        });
        Self { port, requests }
    }

    pub(crate) fn actions(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests
            .iter()
            .map(|request| request.action.clone())
            .collect()
    }
}

fn read(stream: &mut &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    assert_eq!(line.trim_end(), "POST / HTTP/1.1");
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let of = |name: &str| headers.iter().find(|(known, _)| known == name);
    let len = of("content-length").unwrap().1.parse().unwrap();
    let action = of("x-amz-target")
        .unwrap()
        .1
        .strip_prefix("TrentService.")
        .unwrap()
        .to_owned();
    let mut body = vec![0; len];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        action,
        headers,
        body,
    })
}

fn answer(mut stream: TcpStream, reply: Reply) {
    let octets = match reply {
        Reply::Answer(status, body) => format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
        .into_bytes(),
        Reply::Raw(octets) => octets,
        Reply::Close => return,
        Reply::Hang(time) => {
            thread::spawn(move || {
                thread::sleep(time);
                drop(stream);
            });
            return;
        }
    };
    stream.write_all(&octets).ok();
}
