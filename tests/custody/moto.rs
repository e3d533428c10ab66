//! The moto server, which plays AWS, behind TLS with an authority of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// moto, until it is dropped.
pub(crate) struct Moto {
    process: Child,
    pub(crate) port: u16,
    /// The authority of its certificate, as DER.
    pub(crate) root: Vec<u8>,
}

impl Moto {
    /// Starts moto and waits until it listens.
    pub(crate) fn start() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("moto");
        fs::create_dir_all(&folder).unwrap();
        make_certificates(&folder);
        // What `cargo xtask test custody` installs, or what is on the search path.
        let installed =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("../xtask-tools/bin/moto_server");
        let program = if installed.is_file() {
            installed
        } else {
            PathBuf::from("moto_server")
        };
        // Asked for and given back: moto cannot be told to take any.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let process = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string(), "--ssl"])
            .arg("--ssl-cert")
            .arg(folder.join("leaf.pem"))
            .arg("--ssl-key")
            .arg(folder.join("leaf.key"))
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .expect("moto is there: cargo xtask test custody installs it, or pip install 'moto[kms,s3,server]'");
        let moto = Self {
            process,
            port,
            root: fs::read(folder.join("root.der")).unwrap(),
        };
        let since = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                since.elapsed() < Duration::from_secs(120),
                "moto does not listen"
            );
            thread::sleep(Duration::from_millis(50));
        }
        moto
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// An authority, and a certificate for 127.0.0.1 under it.
fn make_certificates(folder: &Path) {
    let openssl = |arguments: &str| {
        let made = Command::new("openssl")
            .current_dir(folder)
            .args(arguments.split(' '))
            .output()
            .expect("openssl is there");
        assert!(made.status.success(), "{made:?}");
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!(
        "req -x509 -days 2 -subj /CN=test {key} -keyout root.key -out root.pem"
    ));
    openssl("x509 -in root.pem -outform DER -out root.der");
    openssl(&format!(
        "req -subj /CN=127.0.0.1 {key} -keyout leaf.key -out leaf.csr"
    ));
    fs::write(
        folder.join("leaf.ext"),
        "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n",
    )
    .unwrap();
    openssl(
        "x509 -req -days 2 -in leaf.csr -CA root.pem -CAkey root.key -CAcreateserial -extfile leaf.ext -out leaf.pem",
    );
}
