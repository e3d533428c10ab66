//! As much of HTTP/1.1 as players need to seek (RFC 9110, RFC 9112): GET and HEAD of resources that do not change, whole or one range of octets.
//!
//! For one machine alone: it is spoken on loopback, and whoever does not know the path, which has 128 random bits, is told that there is nothing.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant, SystemTime};

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Most octets of a request's head.
const MAX_HEAD: usize = 16 << 10;
/// Most header fields.
const MAX_FIELDS: usize = 64;
/// How long a request may take to come.
const PATIENCE: Duration = Duration::from_secs(30);
/// Octets that are read and written at once.
const PIECE: usize = 64 << 10;

/// What is served under one path.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    /// With the slash in front.
    pub(crate) path: String,
    pub(crate) kind: &'static str,
    pub(crate) len: u64,
    /// An entity tag, with its quotation marks.
    pub(crate) tag: String,
}

/// Where the octets of resources come from.
pub(crate) trait Octets {
    /// Reads octets of a resource from `at` on, all that `out` has room for.
    fn read(&mut self, resource: usize, at: u64, out: &mut [u8]) -> io::Result<()>;
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    is_head: bool,
    target: String,
    range: Option<String>,
    if_range: Option<String>,
    keeps: bool,
}

/// Answers the requests of a connection until one side has enough.
pub(crate) fn serve(
    connection: &mut (impl Read + Write),
    resources: &[Resource],
    octets: &mut impl Octets,
) -> io::Result<()> {
    let mut waiting = Vec::new();
    loop {
        let head = match head(connection, &mut waiting)? {
            Head::Whole(head) => head,
            Head::End => return Ok(()),
            Head::TooLong => return refuse(connection, "431 Request Header Fields Too Large", ""),
        };
        let request = match request(&head) {
            Ok(request) => request,
            Err(status) => {
                let allow = if status.starts_with("405") {
                    "Allow: GET, HEAD\r\n"
                } else {
                    ""
                };
                return refuse(connection, status, allow);
            }
        };
        if !answer(connection, &request, resources, octets)? {
            return Ok(());
        }
    }
}

enum Head {
    Whole(Vec<u8>),
    End,
    TooLong,
}

/// Reads up to the empty line. What follows it waits: it is the next request.
fn head(connection: &mut impl Read, waiting: &mut Vec<u8>) -> io::Result<Head> {
    let began = Instant::now();
    let mut piece = [0; 2048];
    loop {
        if let Some(end) = waiting.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = waiting.split_off(end + 4);
            return Ok(Head::Whole(std::mem::replace(waiting, rest)));
        }
        if waiting.len() > MAX_HEAD {
            return Ok(Head::TooLong);
        }
        if began.elapsed() > PATIENCE && !waiting.is_empty() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match connection.read(&mut piece) {
            Ok(0) => return Ok(Head::End),
            Ok(len) => waiting.extend_from_slice(&piece[..len]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Takes a request apart; the status if it is none that is answered.
fn request(head: &[u8]) -> Result<Request, &'static str> {
    const BAD: &str = "400 Bad Request";
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut parsed = httparse::Request::new(&mut fields);
    match parsed.parse(head) {
        Ok(httparse::Status::Complete(len)) if len == head.len() => {}
        Err(httparse::Error::TooManyHeaders) => return Err("431 Request Header Fields Too Large"),
        _ => return Err(BAD),
    }
    let is_newer = parsed.version == Some(1);
    let is_head = match parsed.method {
        Some("GET") => false,
        Some("HEAD") => true,
        _ => return Err("405 Method Not Allowed"),
    };
    let values = |name: &'static str| {
        parsed
            .headers
            .iter()
            .filter(move |field| field.name.eq_ignore_ascii_case(name))
            .map(|field| std::str::from_utf8(field.value).map(str::trim))
    };
    // A body where none belongs, to be read as a request of its own?
    let has_body = values("Transfer-Encoding").next().is_some()
        || values("Content-Length").any(|len| len != Ok("0"));
    if has_body || (is_newer && values("Host").count() != 1) {
        return Err(BAD);
    }
    let one = |name| {
        let mut all = values(name);
        match (all.next(), all.next()) {
            (Some(Ok(value)), None) => Some(value.to_owned()),
            _ => None,
        }
    };
    let says = |what: &str| {
        values("Connection")
            .flatten()
            .flat_map(|value| value.split(','))
            .any(|option| option.trim().eq_ignore_ascii_case(what))
    };
    Ok(Request {
        is_head,
        target: parsed.path.unwrap_or_default().to_owned(),
        range: one("Range"),
        if_range: one("If-Range"),
        keeps: is_newer && !says("close"),
    })
}

/// Answers a request; tells whether another may follow.
fn answer(
    connection: &mut impl Write,
    request: &Request,
    resources: &[Resource],
    octets: &mut impl Octets,
) -> io::Result<bool> {
    // All are compared, and each to its end: how long it takes says nothing of a path.
    let mut found = None;
    for (number, resource) in resources.iter().enumerate() {
        if bool::from(resource.path.as_bytes().ct_eq(request.target.as_bytes())) {
            found = Some((number, resource));
        }
    }
    let Some((number, resource)) = found else {
        refuse(connection, "404 Not Found", "")?;
        return Ok(false);
    };
    let is_same = request
        .if_range
        .as_ref()
        .is_none_or(|tag| *tag == resource.tag);
    // Ranges are defined for GET alone (RFC 9110 section 14.2).
    let asked = request.range.as_deref();
    let asked = asked.filter(|_| is_same && !request.is_head);
    let (status, from, end) = match asked.map(|range| part(range, resource.len)) {
        None | Some(Part::Ignored) => ("200 OK", 0, resource.len),
        Some(Part::Of(from, end)) => ("206 Partial Content", from, end),
        Some(Part::Outside) => {
            let behind = format!("Content-Range: bytes */{}\r\n", resource.len);
            refuse(connection, "416 Range Not Satisfiable", &behind)?;
            return Ok(false);
        }
    };
    // What is in front is read before it is said that all is well.
    let mut piece = Zeroizing::new(vec![0; PIECE]);
    let mut at = from;
    let mut ready = piece_len(at, end);
    if !request.is_head && octets.read(number, at, &mut piece[..ready]).is_err() {
        refuse(connection, "500 Internal Server Error", "")?;
        return Ok(false);
    }
    let mut head = format!(
        "HTTP/1.1 {status}\r\n{}Content-Type: {}\r\nContent-Length: {}\r\nAccept-Ranges: bytes\r\nETag: {}\r\n",
        common(),
        resource.kind,
        end - from,
        resource.tag
    );
    if status.starts_with("206") {
        head.push_str(&format!(
            "Content-Range: bytes {from}-{}/{}\r\n",
            end - 1,
            resource.len
        ));
    }
    if !request.keeps {
        head.push_str("Connection: close\r\n");
    }
    head.push_str("\r\n");
    connection.write_all(head.as_bytes())?;
    if request.is_head {
        return Ok(request.keeps);
    }
    loop {
        connection.write_all(&piece[..ready])?;
        at += ready as u64;
        if at >= end {
            return Ok(request.keeps);
        }
        ready = piece_len(at, end);
        // Too late to say so: the answer ends short of its length.
        octets.read(number, at, &mut piece[..ready])?;
    }
}

fn piece_len(at: u64, end: u64) -> usize {
    usize::try_from(end - at).unwrap_or(PIECE).min(PIECE)
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// From an octet to behind another one.
    Of(u64, u64),
    Outside,
    /// Several ranges, another unit, or none at all: all is given (RFC 9110 section 14.2).
    Ignored,
}

fn part(range: &str, len: u64) -> Part {
    let unit = range.split_once('=');
    let Some((_, spec)) = unit.filter(|(unit, _)| unit.trim().eq_ignore_ascii_case("bytes")) else {
        return Part::Ignored;
    };
    let Some((from, to)) = spec.trim().split_once('-') else {
        return Part::Ignored;
    };
    let is_number =
        |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    // A number with more digits than fit is only larger.
    let number = |text: &str| text.parse().unwrap_or(u64::MAX);
    let (from, end) = match (from, to) {
        ("", last) if is_number(last) => (len.saturating_sub(number(last)), len),
        (from, "") if is_number(from) => (number(from), len),
        (from, to) if is_number(from) && is_number(to) => {
            if number(to) < number(from) {
                return Part::Ignored;
            }
            (number(from), number(to).saturating_add(1).min(len))
        }
        _ => return Part::Ignored,
    };
    if from < end {
        Part::Of(from, end)
    } else {
        Part::Outside
    }
}

/// Fields of every answer: nothing is kept by caches, or told to other sites.
fn common() -> String {
    format!(
        "Date: {}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n",
        httpdate::fmt_http_date(SystemTime::now())
    )
}

/// Answers without a resource, and ends the connection.
fn refuse(connection: &mut impl Write, status: &str, fields: &str) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\n{}{fields}Content-Length: 0\r\nConnection: close\r\n\r\n",
        common()
    );
    connection.write_all(head.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Numbers;

    impl Octets for Numbers {
        fn read(&mut self, _: usize, at: u64, out: &mut [u8]) -> io::Result<()> {
            for (octet, at) in out.iter_mut().zip(at..) {
                *octet = at.to_le_bytes()[0];
            }
            Ok(())
        }
    }

    /// A connection on which so much comes.
    struct Wire<'a>(&'a [u8], Vec<u8>);

    impl Read for Wire<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            // In small pieces, as they may come.
            let len = out.len().min(7);
            self.0.read(&mut out[..len])
        }
    }

    impl Write for Wire<'_> {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.1.write(octets)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn answers(requests: &str) -> String {
        let resource = Resource {
            path: "/secret/track.bin".to_owned(),
            kind: "application/octet-stream",
            len: 100_000,
            tag: "\"tag\"".to_owned(),
        };
        let mut wire = Wire(requests.as_bytes(), Vec::new());
        serve(&mut wire, &[resource], &mut Numbers).unwrap();
        wire.1.iter().map(|octet| char::from(*octet)).collect()
    }

    fn status(requests: &str) -> String {
        let answer = answers(requests);
        assert!(answer.starts_with("HTTP/1.1 "), "{requests:?}: {answer:?}");
        answer[9..12].to_owned()
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let good = "GET /secret/track.bin HTTP/1.1\r\nHost: x\r\n";
        for (request, is) in [
            ("nonsense\r\n\r\n".to_owned(), "400"),
            ("GET /secret/track.bin HTTP/1.1\r\n\r\n".to_owned(), "400"),
            (format!("{good}Host: y\r\n\r\n"), "400"),
            (format!("{good}Content-Length: 5\r\n\r\nGET /"), "400"),
            (
                format!("{good}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                "400",
            ),
            (format!("POST{}\r\n", &good[3..]), "405"),
            (format!("DELETE{}\r\n", &good[3..]), "405"),
            (
                "GET /secret/track.bi HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
                "404",
            ),
            (
                "GET /secret/track.bin?x HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
                "404",
            ),
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), "404"),
            (
                "GET /secret/../secret/track.bin HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
                "404",
            ),
            (format!("{good}{}\r\n", "A: b\r\n".repeat(80)), "431"),
            (format!("{good}A: {}\r\n\r\n", "b".repeat(20_000)), "431"),
            (format!("{good}\r\n"), "200"),
            (format!("{good}Range: bytes=0-0\r\n\r\n"), "206"),
            (format!("{good}Range: bytes=100000-\r\n\r\n"), "416"),
        ] {
            assert_eq!(status(&request), is, "{request:?}");
        }
        assert_eq!(answers(""), "");
        assert_eq!(answers("GET /secret"), "");
    }

    #[test]
    fn parts_are_those_that_were_asked_for() {
        for (range, is) in [
            ("bytes=0-0", Part::Of(0, 1)),
            ("bytes=0-99", Part::Of(0, 10)),
            ("bytes=9-", Part::Of(9, 10)),
            ("bytes=-3", Part::Of(7, 10)),
            ("bytes=-30", Part::Of(0, 10)),
            ("Bytes = 2-3", Part::Of(2, 4)),
            ("bytes=5-99999999999999999999999", Part::Of(5, 10)),
            ("bytes=10-", Part::Outside),
            ("bytes=99999999999999999999999-", Part::Outside),
            ("bytes=-0", Part::Outside),
            ("bytes=3-2", Part::Ignored),
            ("bytes=0-1,3-4", Part::Ignored),
            ("bytes=", Part::Ignored),
            ("bytes=-", Part::Ignored),
            ("bytes=+1-2", Part::Ignored),
            ("items=0-1", Part::Ignored),
            ("0-1", Part::Ignored),
        ] {
            assert_eq!(part(range, 10), is, "{range}");
        }
        assert_eq!(part("bytes=0-", 0), Part::Outside);
    }

    #[test]
    fn requests_follow_each_other() {
        let one = "GET /secret/track.bin HTTP/1.1\r\nHost: x\r\nRange: bytes=65-67\r\n";
        let head = "HEAD /secret/track.bin HTTP/1.1\r\nHost: x\r\n\r\n";
        let text = answers(&format!(
            "{one}\r\n{head}{one}Connection: close\r\n\r\n{head}"
        ));
        assert_eq!(text.matches("HTTP/1.1 206").count(), 2, "{text}");
        assert_eq!(text.matches("HTTP/1.1 200").count(), 1);
        assert_eq!(text.matches("Content-Length: 100000\r\n").count(), 1);
        assert_eq!(
            text.matches("Content-Range: bytes 65-67/100000\r\n")
                .count(),
            2
        );
        assert_eq!(text.matches("\r\n\r\nABC").count(), 2);
        assert!(text.ends_with("\r\n\r\nABC"));
        let ranged = answers(&format!("HEAD{}\r\n", &one[3..]));
        assert!(ranged.starts_with("HTTP/1.1 200") && ranged.ends_with("\r\n\r\n"));
        // Another version of the resource: all of it.
        let other = answers(&format!(
            "{one}If-Range: \"other\"\r\nConnection: close\r\n\r\n"
        ));
        assert!(other.starts_with("HTTP/1.1 200") && other.contains("Content-Length: 100000\r\n"));
        let same = answers(&format!("{one}If-Range: \"tag\"\r\n\r\n"));
        assert!(same.starts_with("HTTP/1.1 206"));
        assert!(
            answers("GET /secret/track.bin HTTP/1.0\r\n\r\n").contains("Connection: close\r\n")
        );
    }
}
