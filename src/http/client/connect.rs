//! TCP connections to services, through the proxies that the environment names (`HTTP_PROXY`,
//! `HTTPS_PROXY`, `NO_PROXY`, in capitals or not), or connections to a Unix socket.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderValue, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tower::{Service, ServiceExt as _};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Opens connections.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    http: HttpConnector,
    proxies: Arc<Matcher>,
    /// Where all connections lead, whatever a URL says.
    socket: Option<Arc<PathBuf>>,
}

/// A connection that knows whether a proxy, asked by whole URLs, is at its other end.
pub(super) struct Stream {
    io: Box<dyn Io>,
    proxied: bool,
}

/// Bytes in and out.
trait Io: Read + Write + Connection + Send + Unpin {}

impl<T: Read + Write + Connection + Send + Unpin> Io for T {}

// === impl Connector ===

impl Connector {
    pub(super) fn new() -> Self {
        Self::with_proxies(Matcher::from_env())
    }

    fn with_proxies(proxies: Matcher) -> Self {
        let mut http = HttpConnector::new();
        // TLS is put around it, so that it sees `https` as well.
        http.enforce_http(false);
        http.set_nodelay(true);
        Self {
            http,
            proxies: Arc::new(proxies),
            socket: None,
        }
    }

    /// The same, but all connections lead to the Unix socket `path`.
    pub(super) fn to_socket(&self, path: PathBuf) -> Self {
        Self {
            socket: Some(Arc::new(path)),
            ..self.clone()
        }
    }

    /// What a proxy for URLs without TLS wants to see in each request.
    pub(super) fn plain_proxy_credentials(&self, uri: &Uri) -> Option<HeaderValue> {
        if is_tls(uri) {
            return None;
        }
        self.route(uri)?.basic_auth().cloned()
    }

    fn route(&self, uri: &Uri) -> Option<Intercept> {
        // Like in Go, what is on this machine is never asked for through a proxy.
        if self.socket.is_some() {
            return None;
        }
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
        let local = host == "localhost"
            || host
                .parse()
                .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        if local {
            None
        } else {
            self.proxies.intercept(uri)
        }
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.http.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        if let Some(path) = self.socket.clone() {
            return Box::pin(async move {
                let unix = UnixStream::connect(path.as_path()).await?;
                Ok(Stream::new(TokioIo::new(unix), false))
            });
        }
        let http = self.http.clone();
        let Some(proxy) = self.route(&uri) else {
            return Box::pin(async move { Ok(Stream::new(http.oneshot(uri).await?, false)) });
        };
        if !is_tls(&uri) {
            let proxy = proxy.uri().clone();
            return Box::pin(async move { Ok(Stream::new(http.oneshot(proxy).await?, true)) });
        }
        let mut tunnel = Tunnel::new(proxy.uri().clone(), http);
        if let Some(credentials) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        Box::pin(async move { Ok(Stream::new(tunnel.oneshot(uri).await?, false)) })
    }
}

// === impl Stream ===

impl Stream {
    fn new(io: impl Io + 'static, proxied: bool) -> Self {
        Self {
            io: Box::new(io),
            proxied,
        }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.proxied)
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

fn is_tls(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::Empty;
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;
    use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    /// A listener that plays the proxy, and a connector that uses it.
    async fn proxy() -> (TcpListener, Connector) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://user:word@{}", listener.local_addr().unwrap());
        let matcher = Matcher::builder().all(url).no("direct.test").build();
        (listener, Connector::with_proxies(matcher))
    }

    #[tokio::test]
    async fn plain_requests_go_to_the_proxy_whole() {
        let (listener, connector) = proxy().await;
        let client = Client::builder(TokioExecutor::new()).build::<_, Empty<Bytes>>(connector);
        let request = client.get("http://service.test/x?y".parse().unwrap());
        let read = async {
            let mut lines = BufReader::new(listener.accept().await.unwrap().0).lines();
            lines.next_line().await.unwrap().unwrap()
        };
        let (_, line) = tokio::join!(request, read);
        assert_eq!(line, "GET http://service.test/x?y HTTP/1.1");
    }

    #[tokio::test]
    async fn tls_goes_through_a_tunnel() {
        let (listener, mut connector) = proxy().await;
        let opened = connector.call("https://service.test/x".parse().unwrap());
        let read = async {
            let mut stream = listener.accept().await.unwrap().0;
            let mut head = [0; 1024];
            let length = stream.read(&mut head).await.unwrap();
            String::from_utf8_lossy(&head[..length]).into_owned()
        };
        let (opened, head) = tokio::join!(opened, read);
        assert!(opened.is_err(), "the proxy hung up");
        assert!(
            head.starts_with("CONNECT service.test:443 HTTP/1.1\r\n"),
            "{head}"
        );
        assert!(
            head.contains("Proxy-Authorization: Basic dXNlcjp3b3Jk"),
            "{head}"
        );
    }

    #[tokio::test]
    async fn some_hosts_are_never_asked_for_through_a_proxy() {
        let (_listener, connector) = proxy().await;
        let routed = |url: &str| connector.route(&url.parse().unwrap()).is_some();
        assert!(routed("http://service.test"));
        for url in [
            "http://localhost:8",
            "http://127.0.0.1/",
            "https://[::1]:8/",
            "http://direct.test/",
        ] {
            assert!(!routed(url), "{url}");
        }
        let credentials = |url: &str| {
            connector
                .plain_proxy_credentials(&url.parse().unwrap())
                .is_some()
        };
        assert!(credentials("http://service.test"));
        assert!(
            !credentials("https://service.test"),
            "they go to the proxy, not through it"
        );
    }
}
