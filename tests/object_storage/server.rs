//! A small server that answers as S3 is documented to, where moto does not: throttling, refusals, redirects, and no answer at all.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Method, path and body of a request.
pub(crate) type Request = (String, String, Vec<u8>);

/// A server on a port of its own. It ends with the test program.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers with what `reply` makes of a request and the number of those before it: octets of HTTP, or nothing.
    pub(crate) fn start(reply: impl Fn(&Request, usize) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream: TcpStream = stream.unwrap();
                let Some(request) = read(&stream) else {
                    continue;
                };
                let before = seen.lock().unwrap().len();
                seen.lock().unwrap().push(request.clone());
                stream.write_all(&reply(&request, before)).ok();
            }
        });
        Self { port, requests }
    }

    pub(crate) fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

/// An answer with a status, headers and a body.
pub(crate) fn answer(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let (body, len) = (body.as_ref(), body.as_ref().len());
    let front = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {len}\r\nconnection: close\r\n{headers}\r\n"
    );
    [front.as_bytes(), body].concat()
}

/// What S3 says when it is asked too often.
pub(crate) fn slow_down() -> Vec<u8> {
    let body =
        "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
    answer(503, "content-type: application/xml\r\n", body)
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut len = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            len = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; len];
    reader.read_exact(&mut body).ok()?;
    Some((method, path, body))
}
