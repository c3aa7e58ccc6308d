//! A small world to authenticate in: the service, and all that gives tokens and keys out, by path; with TLS and
//! without, and behind a proxy for who looks for it under its real name.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, Uri};
use axum::response::Response;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::bundle::tls::Authority;

/// Names that the world answers to behind its proxy.
const HOSTS: [&str; 6] = [
    "localhost",
    "sts.us-east-1.amazonaws.com",
    "kms.us-east-1.amazonaws.com",
    "ecr.us-east-1.amazonaws.com",
    "myvault.vault.azure.net",
    "sts.us-east-1.example.org",
];

/// The world; it ends with the runtime.
pub(crate) struct World {
    plain: SocketAddr,
    tls: SocketAddr,
    proxy: SocketAddr,
    pub(crate) authority: Arc<Authority>,
    shared: Arc<Shared>,
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// With its query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What is answered, chosen by a word in the request's path or body.
type Answer = (&'static str, u16, String);

struct Shared {
    answers: Mutex<Vec<Answer>>,
    asked: Mutex<Vec<Asked>>,
    news: watch::Sender<()>,
}

struct TlsListener(TcpListener, TlsAcceptor);

// === impl World ===

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(Arc::new(Authority::new()), Vec::new()).await
    }

    /// Another one with the same answers and files, where nothing was asked yet.
    pub(crate) async fn again(&self) -> Self {
        let answers = self.shared.answers.lock().unwrap().clone();
        Self::with(self.authority.clone(), answers).await
    }

    async fn with(authority: Arc<Authority>, answers: Vec<Answer>) -> Self {
        let shared = Arc::new(Shared {
            answers: Mutex::new(answers),
            asked: Mutex::default(),
            news: watch::channel(()).0,
        });
        let router = axum::Router::new()
            .fallback(handle)
            .with_state(shared.clone());
        let [plain, tls, proxy] = [bind().await, bind().await, bind().await];
        let world = Self {
            plain: plain.local_addr().unwrap(),
            tls: tls.local_addr().unwrap(),
            proxy: proxy.local_addr().unwrap(),
            shared,
            authority,
        };
        let tls = TlsListener(tls, world.authority.acceptor(&HOSTS));
        let served = router.clone();
        tokio::spawn(async move { axum::serve(plain, served).await });
        tokio::spawn(async move { axum::serve(tls, router).await });
        tokio::spawn(forward(proxy, world.plain, world.tls));
        world
    }

    /// Answers what has `word` in its path or body; the last such answer that was set counts.
    pub(crate) fn answer(&self, word: &'static str, status: u16, body: impl Into<String>) {
        let answer = (word, status, body.into());
        self.shared.answers.lock().unwrap().push(answer);
    }

    /// `text` with the world's addresses and files in it.
    pub(crate) fn place(&self, text: &str) -> String {
        let ca = self.authority.file("ca.pem");
        text.replace("PLAIN", &format!("http://{}", self.plain))
            .replace("TLS", &format!("https://localhost:{}", self.tls.port()))
            .replace("PROXY", &format!("http://{}", self.proxy))
            .replace("CA_FILE", &ca.display().to_string())
            .replace("FOLDER", &ca.parent().unwrap().display().to_string())
    }

    /// What came so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    pub(crate) fn forget(&self) {
        self.shared.asked.lock().unwrap().clear();
    }

    /// What came up to the first request for the service's own.
    pub(crate) async fn asked_until_service(&self) -> Vec<Asked> {
        let mut news = self.shared.news.subscribe();
        loop {
            let mut asked = self.asked();
            if let Some(last) = asked.iter().position(|it| it.path.contains("/service/")) {
                asked.truncate(last + 1);
                return asked;
            }
            news.changed().await.unwrap();
        }
    }
}

// === impl Asked ===

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

// === impl TlsListener ===

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, address)) = self.0.accept().await else {
                continue;
            };
            // A handshake that fails is the client's to report.
            if let Ok(stream) = self.1.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

async fn bind() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let path = head.uri.path_and_query().map_or("/", |it| it.as_str());
    let asked = Asked {
        method: head.method,
        path: path.to_owned(),
        headers: head.headers,
        body,
    };
    let answers = shared.answers.lock().unwrap().clone();
    let fits = |word: &str| asked.path.contains(word) || asked.text().contains(word);
    let answer = answers.into_iter().rev().find(|(word, ..)| fits(word));
    let (_, status, body) = answer.unwrap_or(("", 404, String::new()));
    shared.asked.lock().unwrap().push(asked);
    shared.news.send_replace(());
    Response::builder()
        .status(status)
        .body(Body::from(body))
        .unwrap()
}

/// A proxy that leads to the world whatever is asked for.
async fn forward(listener: TcpListener, plain: SocketAddr, tls: SocketAddr) {
    while let Ok((mut client, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut head = [0; 8];
            let read = client.peek(&mut head).await.unwrap_or(0);
            if head[..read].starts_with(b"CONNECT") {
                let mut seen = Vec::new();
                while !seen.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = client.read_u8().await else {
                        return;
                    };
                    seen.push(byte);
                }
                let mut server = TcpStream::connect(tls).await.unwrap();
                let _ = client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
                let _ = copy_bidirectional(&mut client, &mut server).await;
            } else {
                let mut server = TcpStream::connect(plain).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            }
        });
    }
}

/// The fields of a query or form, in order.
pub(crate) fn fields(text: &str) -> Vec<(String, String)> {
    let uri: Uri = format!("http://h/?{}", text.replace('+', "%20"))
        .parse()
        .unwrap();
    let axum::extract::Query(mut fields) =
        axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri).unwrap();
    fields.sort();
    fields
}
