//! S3 as moto plays it, over TLS; and what S3 is documented to say where moto does not.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mediaseal::vault::recording::Storage;
use mediaseal::vault::recording::object::object_store::aws::{AmazonS3, AmazonS3Builder};
use mediaseal::vault::recording::object::object_store::{BackoffConfig, ObjectStore, RetryConfig};
use mediaseal::vault::recording::object::{ObjectOptions, ObjectStorage, Transport};

use crate::conformance::{conforms, grows};
use crate::moto::Moto;
use crate::recordings::{OFTEN, call};
use crate::server::{Server, answer, slow_down};
use crate::takeover::put;

const BUCKET: &str = "recordings";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "a-session-token-that-nobody-else-sees";

fn s3(endpoint: &str, transport: Transport) -> AmazonS3 {
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(1),
            max_backoff: Duration::from_millis(5),
            base: 2.0,
        },
        max_retries: 3,
        retry_timeout: Duration::from_secs(20),
    };
    AmazonS3Builder::new()
        .with_endpoint(endpoint)
        .with_bucket_name(BUCKET)
        .with_region("us-east-1")
        .with_access_key_id("AKIDEXAMPLE")
        .with_secret_access_key(SECRET)
        .with_token(TOKEN)
        .with_virtual_hosted_style_request(false)
        .with_retry(retry)
        .with_http_connector(transport)
        .build()
        .unwrap()
}

#[test]
fn s3_conforms_and_a_call_is_recorded() {
    let moto = Moto::start();
    let endpoint = format!("https://127.0.0.1:{}", moto.port);
    let transport = || Transport::new().trust(&moto.root);
    make_bucket(&moto, &endpoint);
    let store: Arc<dyn ObjectStore> = Arc::new(s3(&endpoint, transport()));
    let options = ObjectOptions::new();
    let storage = ObjectStorage::new(Arc::clone(&store), "conforms", &options).unwrap();
    conforms(&storage);
    grows(&storage, 70);
    // No range has an octet of an empty object.
    put(&store, "conforms/files/hollow", b"");
    assert_eq!(storage.len("hollow").unwrap(), 0);
    assert_eq!(storage.read("hollow", 0, 9).unwrap(), b"");
    call(&store, &ObjectOptions::new().pace(OFTEN), 24);
    // The same owner takes his lock over.
    let named = ObjectOptions::new().owner("recorder-1");
    let first = ObjectStorage::new(Arc::clone(&store), "owned", &named).unwrap();
    let lock = first.lock().unwrap();
    let other = ObjectStorage::new(Arc::clone(&store), "owned", &options).unwrap();
    let refused = other.lock().err().map(|error| error.kind());
    assert_eq!(refused, Some(ErrorKind::WouldBlock));
    first.create_new("manifest", b"").unwrap();
    first.append("manifest", b"late").unwrap();
    let again = ObjectStorage::new(Arc::clone(&store), "owned", &named).unwrap();
    let held = again.lock().unwrap();
    assert!(first.sync("manifest").is_err());
    drop(lock);
    // Which did not take the other's away.
    let refused = other.lock().err().map(|error| error.kind());
    assert_eq!(refused, Some(ErrorKind::WouldBlock));
    drop(held);
    // Another authority than the one that signed.
    let stranger = s3(&endpoint, Transport::new());
    let stranger = ObjectStorage::new(Arc::new(stranger), "conforms", &options).unwrap();
    let refused = stranger.list().unwrap_err();
    assert_no_secret(&refused);
    // No such bucket.
    let nowhere = AmazonS3Builder::new()
        .with_endpoint(&endpoint)
        .with_bucket_name("no-such-bucket")
        .with_region("us-east-1")
        .with_access_key_id("AKIDEXAMPLE")
        .with_secret_access_key(SECRET)
        .with_http_connector(transport())
        .build()
        .unwrap();
    let nowhere = ObjectStorage::new(Arc::new(nowhere), "conforms", &options).unwrap();
    assert!(nowhere.create_new("header", b"x").is_err());
}

fn object_store_at(store: &Arc<dyn ObjectStore>, prefix: &str) -> ObjectStorage {
    ObjectStorage::new(Arc::clone(store), prefix, &ObjectOptions::new()).unwrap()
}

fn make_bucket(moto: &Moto, endpoint: &str) {
    use ureq::tls::{Certificate, RootCerts, TlsConfig};
    let roots = RootCerts::new_with_certs(&[Certificate::from_der(&moto.root).to_owned()]);
    let agent = ureq::Agent::config_builder()
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .build()
        .new_agent();
    let made = agent
        .put(format!("{endpoint}/{BUCKET}"))
        .send_empty()
        .unwrap();
    assert_eq!(made.status(), 200);
}

fn assert_no_secret(error: &std::io::Error) {
    let told = format!("{error} {error:?}");
    for secret in [SECRET, TOKEN] {
        assert!(!told.contains(secret), "{told}");
    }
}

fn at(server: &Server) -> ObjectStorage {
    let endpoint = format!("http://127.0.0.1:{}", server.port);
    let store = s3(
        &endpoint,
        Transport::new()
            .allow_http()
            .timeout(Duration::from_millis(400)),
    );
    object_store_at(&(Arc::new(store) as Arc<dyn ObjectStore>), "x")
}

#[test]
fn who_is_asked_to_slow_down_asks_again_and_not_for_ever() {
    let server = Server::start(|_, before| match before {
        0 | 1 => slow_down(),
        2 => answer(500, "", ""),
        _ => answer(200, "etag: \"1\"\r\n", ""),
    });
    at(&server).create_new("header", b"octets").unwrap();
    let requests = server.requests.lock().unwrap().clone();
    assert_eq!(requests.len(), 4);
    for (method, path, body) in &requests {
        assert_eq!(
            (method.as_str(), path.as_str()),
            ("PUT", "/recordings/x/files/header")
        );
        // The same octets each time: eight of a name, a generation, the content.
        assert_eq!(*body, requests[0].2);
        assert_eq!(body.len(), 8 + 16 + 6);
    }
    let server = Server::start(|_, _| slow_down());
    let refused = at(&server).create_new("header", b"octets").unwrap_err();
    assert_no_secret(&refused);
    assert!(refused.to_string().contains("503"), "{refused}");
    // Four times the object, and four times whether it is there after all.
    assert_eq!(server.count(), 8);
}

#[test]
fn an_object_that_is_there_is_told_from_one_whose_answer_was_lost() {
    let precondition = || answer(412, "", "<Error><Code>PreconditionFailed</Code></Error>");
    // Another's.
    let dated = "etag: \"1\"\r\nlast-modified: Sun, 22 Nov 2026 18:00:00 GMT\r\ncontent-range: bytes 0-4/5\r\n";
    let server = Server::start(move |request, _| match request.0.as_str() {
        "PUT" => precondition(),
        _ => answer(206, dated, "other"),
    });
    let refused = at(&server).create_new("header", b"octets").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    // Ours: the store did it, said that it is busy, and then that it is there.
    let kept = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&kept);
    let server = Server::start(move |request, before| match (request.0.as_str(), before) {
        ("PUT", 0) => {
            seen.lock().unwrap().clone_from(&request.2);
            slow_down()
        }
        ("PUT", _) => answer(412, "", ""),
        _ => {
            let octets = seen.lock().unwrap().clone();
            let last = octets.len() - 1;
            let headers = format!(
                "etag: \"1\"\r\nlast-modified: Sun, 22 Nov 2026 18:00:00 GMT\r\ncontent-range: bytes 0-{last}/{}\r\n",
                octets.len()
            );
            answer(206, &headers, &octets)
        }
    });
    at(&server).create_new("header", b"octets").unwrap();
    assert_eq!(server.count(), 3);
}

#[test]
fn requests_go_to_the_endpoint_alone_and_end() {
    let elsewhere = Server::start(|_, _| answer(200, "etag: \"1\"\r\n", ""));
    let location = format!("location: http://127.0.0.1:{}/x\r\n", elsewhere.port);
    let server = Server::start(move |_, _| answer(307, &location, ""));
    assert!(at(&server).create_new("header", b"octets").is_err());
    assert_eq!(elsewhere.count(), 0);
    // No TLS where it was not allowed.
    let server = Server::start(|_, _| answer(200, "etag: \"1\"\r\n", ""));
    let endpoint = format!("http://127.0.0.1:{}", server.port);
    let store: Arc<dyn ObjectStore> = Arc::new(
        AmazonS3Builder::new()
            .with_endpoint(endpoint)
            .with_bucket_name(BUCKET)
            .with_region("us-east-1")
            .with_access_key_id("AKIDEXAMPLE")
            .with_secret_access_key(SECRET)
            .with_allow_http(true)
            .with_http_connector(Transport::new())
            .build()
            .unwrap(),
    );
    assert!(
        object_store_at(&store, "x")
            .create_new("header", b"octets")
            .is_err()
    );
    assert_eq!(server.count(), 0);
    // Refused for good: asked once, and not whether it is there.
    let server = Server::start(|_, _| answer(403, "", "<Error><Code>AccessDenied</Code></Error>"));
    let refused = at(&server).create_new("header", b"octets").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    assert_eq!(server.count(), 1);
    // It says nothing: given up in the end.
    let since = Instant::now();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let transport = Transport::new()
        .allow_http()
        .timeout(Duration::from_millis(100));
    let store: Arc<dyn ObjectStore> = Arc::new(s3(&endpoint, transport));
    assert!(object_store_at(&store, "x").len("header").is_err());
    assert!(since.elapsed() < Duration::from_secs(10));
}
