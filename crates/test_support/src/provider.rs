//! A provider's own API: HTTPS on a free port, under the provider's name, by a certificate of the test's own authority.
//! It answers what the test says and remembers what it was asked.

mod authority;

pub use authority::{Authority, Issued, Validity};

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::web::{Data, to};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::NamedTempFile;
use waybill_common::config::Fetch;

/// One answer.
#[derive(Clone, Debug)]
pub enum Answer {
    Told {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// The connection stays open and silent.
    Never,
}

/// One question as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub host: String,
    pub path: String,
    pub headers: BTreeMap<String, String>,
}

/// A running one. It ends with this value.
pub struct TestProvider {
    pub addr: SocketAddr,
    host: String,
    desk: Arc<Desk>,
    roots: NamedTempFile,
    server: ServerHandle,
}

#[derive(Default)]
struct Desk {
    /// By path; the last answer stays.
    answers: Mutex<BTreeMap<String, VecDeque<Answer>>>,
    asked: Mutex<Vec<Asked>>,
}

impl Answer {
    #[must_use]
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::of(200, body)
    }

    #[must_use]
    pub fn of(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::Told { status, headers: Vec::new(), body: body.into() }
    }

    #[must_use]
    pub fn with(self, name: &'static str, value: impl Into<String>) -> Self {
        match self {
            Self::Told { status, mut headers, body } => {
                headers.push((name, value.into()));
                Self::Told { status, headers, body }
            }
            Self::Never => Self::Never,
        }
    }
}

impl TestProvider {
    /// Under the name of `host`, for those who trust [`config`](Self::config). To be called on a test's runtime.
    ///
    /// # Errors
    /// Where TLS or the listener cannot be set up.
    pub fn start(host: &str) -> anyhow::Result<Self> {
        let authority = Authority::new("a test's web authority")?;
        let issued = authority.issue(&[host], Validity::Now)?;
        let chain = CertificateDer::pem_slice_iter(issued.chain.as_bytes())
            .collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes())?;
        let tls = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        let desk = Arc::new(Desk::default());
        let data = Data::from(Arc::clone(&desk));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .default_service(to(answer))
        })
        .workers(1)
        .disable_signals()
        .bind_rustls_0_23("127.0.0.1:0", tls)?;
        let addr = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        #[expect(clippy::disallowed_methods, reason = "it ends with its handle")]
        tokio::spawn(server);
        let roots = NamedTempFile::new()?;
        std::fs::write(roots.path(), authority.pem())?;
        Ok(Self { addr, host: host.to_owned(), desk, roots, server: handle })
    }

    /// Settings by which the host is found here, and believed.
    #[must_use]
    pub fn config(&self) -> Fetch {
        Fetch {
            ca_file: Some(self.roots.path().to_path_buf()),
            resolve: [(self.host.clone(), self.addr)].into(),
            ..Fetch::default()
        }
    }

    /// Answers so from now on, one after the other; the last one stays. Everything else is 404.
    pub fn answers(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        lock(&self.desk.answers).insert(path.to_owned(), answers.into_iter().collect());
    }

    /// What was asked so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.desk.asked).clone()
    }

    /// How often it was asked for that path.
    #[must_use]
    pub fn asked_for(&self, path: &str) -> usize {
        self.asked()
            .iter()
            .filter(|asked| asked.path == path)
            .count()
    }
}

impl Drop for TestProvider {
    fn drop(&mut self) {
        // Told to end at once; nobody waits for it.
        drop(self.server.stop(false));
    }
}

async fn answer(request: HttpRequest, desk: Data<Desk>) -> HttpResponse {
    let asked = Asked::of(&request);
    let found = desk.next(&asked.path);
    lock(&desk.asked).push(asked);
    match found {
        None => HttpResponse::NotFound().finish(),
        Some(Answer::Never) => std::future::pending().await,
        Some(Answer::Told { status, headers, body }) => {
            let status = StatusCode::from_u16(status).expect("the test's own status");
            let mut response = HttpResponse::build(status);
            for header in headers {
                response.insert_header(header);
            }
            response.body(body)
        }
    }
}

impl Asked {
    fn of(request: &HttpRequest) -> Self {
        let text = |value: &actix_web::http::header::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        Self {
            host: request.connection_info().host().to_owned(),
            path: request.path().to_owned(),
            headers: request
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), text(value)))
                .collect(),
        }
    }
}

impl Desk {
    fn next(&self, path: &str) -> Option<Answer> {
        let mut answers = lock(&self.answers);
        let queue = answers.get_mut(path)?;
        if queue.len() > 1 { queue.pop_front() } else { queue.front().cloned() }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder of this lock can panic")
}
