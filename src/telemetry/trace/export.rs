//! The exporter's thread: takes spans from the queue and sends them to the collector in batches.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::{Connect, Connection};
use opentelemetry::KeyValue;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_otlp::{
    Protocol, SpanExporter as OtlpExporter, WithExportConfig as _, WithHttpConfig as _,
    WithTonicConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio::sync::oneshot;
use tonic::transport::Endpoint;
use tower::Service;

use super::{Encryption, Queue, TracerError, TracingConfig};
use crate::telemetry::{BatchConfig, OtlpProtocol};

/// How often the queue is looked at.
const POLL: Duration = Duration::from_millis(100);

/// Opens connections to a collector: any connector of hyper's, with TLS or without.
pub trait Connector:
    Service<
        Uri,
        Response: Read + Write + Connection + Unpin + Send + 'static,
        Error: Into<Box<dyn Error + Send + Sync>>,
        Future: Unpin + Send + 'static,
    > + Connect
    + fmt::Debug
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<C> Connector for C where
    C: Service<
            Uri,
            Response: Read + Write + Connection + Unpin + Send + 'static,
            Error: Into<Box<dyn Error + Send + Sync>>,
            Future: Unpin + Send + 'static,
        > + Connect
        + fmt::Debug
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// The running export; it ends when it is flushed or dropped.
#[derive(Debug)]
pub struct Exporting {
    /// Its drop is the word to stop.
    stop: oneshot::Sender<()>,
    done: mpsc::Receiver<()>,
}

/// Spans were still waiting when the time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not all spans were exported in time; is the collector there?")]
pub struct FlushError;

/// gRPC by a connector that does TLS itself: the channel is told `http`, the connector `https`.
#[derive(Debug, Clone)]
struct Tls<C> {
    connector: C,
    on: bool,
}

// === impl Exporting ===

impl Exporting {
    /// Exports what waits, and ends the thread.
    ///
    /// # Errors
    ///
    /// The collector did not take all within `timeout`; what is left is lost.
    pub fn flush(self, timeout: Duration) -> Result<(), FlushError> {
        let Self { stop, done } = self;
        drop(stop);
        match done.recv_timeout(timeout) {
            Err(RecvTimeoutError::Timeout) => Err(FlushError),
            // The thread drops its end when it ends.
            Ok(()) | Err(RecvTimeoutError::Disconnected) => Ok(()),
        }
    }
}

/// Starts the thread; what is wrong with the configuration is known on return.
pub(super) fn start<C: Connector>(
    config: &TracingConfig,
    connector: C,
    queue: Arc<Queue>,
) -> Result<Exporting, TracerError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // A channel belongs to the runtime that it is made in.
    let entered = runtime.enter();
    let exporter = exporter(config, connector)?;
    drop(entered);
    let (stop, stopped) = oneshot::channel();
    let (ended, done) = mpsc::channel();
    let batch = config.batch.clone();
    thread::Builder::new()
        .name("traces".to_owned())
        .spawn(move || {
            runtime.block_on(run(&exporter, &queue, &batch, stopped));
            drop(ended);
        })?;
    Ok(Exporting { stop, done })
}

async fn run(
    exporter: &OtlpExporter,
    queue: &Queue,
    batch: &BatchConfig,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut last = Instant::now();
    let mut failing = false;
    loop {
        let stopping = tokio::select! {
            _ = &mut stopped => true,
            () = tokio::time::sleep(POLL.min(batch.batch_timeout)) => false,
        };
        let due = stopping || last.elapsed() >= batch.batch_timeout;
        while queue.spans.len() >= batch.max_export_batch_size || (due && !queue.spans.is_empty()) {
            let spans: Vec<_> = std::iter::from_fn(|| queue.spans.pop())
                .take(batch.max_export_batch_size.max(1))
                .collect();
            failing = export(exporter, queue, spans, batch.export_timeout, failing).await;
        }
        if due {
            last = Instant::now();
        }
        if stopping {
            return;
        }
    }
}

/// Sends one batch; returns whether that failed, and tells of it when that is news.
async fn export(
    exporter: &OtlpExporter,
    queue: &Queue,
    spans: Vec<SpanData>,
    timeout: Duration,
    was_failing: bool,
) -> bool {
    let count = u64::try_from(spans.len()).unwrap_or(u64::MAX);
    let error = match tokio::time::timeout(timeout, exporter.export(spans)).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("the collector did not answer in time".to_owned()),
    };
    let Some(error) = error else {
        queue.exported.fetch_add(count, Ordering::Relaxed);
        if was_failing {
            tracing::info!("Spans are exported again.");
        }
        return false;
    };
    queue.failed.fetch_add(count, Ordering::Relaxed);
    if !was_failing {
        tracing::error!(error, "Spans were not exported.");
    }
    true
}

fn exporter<C: Connector>(
    config: &TracingConfig,
    connector: C,
) -> Result<OtlpExporter, TracerError> {
    let tls = config.encryption != Encryption::Off;
    let timeout = config.batch.export_timeout;
    let built = match config.protocol {
        OtlpProtocol::Http => OtlpExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_http_client(HyperClient::new(connector, timeout, None))
            .with_endpoint(url(&config.address, tls, "/v1/traces")?)
            .with_timeout(timeout)
            .build(),
        OtlpProtocol::Grpc => {
            let channel = Endpoint::from_shared(url(&config.address, false, "")?)
                .map_err(|error| TracerError::Exporter(error.to_string()))?
                .timeout(timeout)
                .connect_with_connector_lazy(Tls { connector, on: tls });
            OtlpExporter::builder()
                .with_tonic()
                .with_channel(channel)
                .with_timeout(timeout)
                .build()
        }
    };
    let mut exporter = built.map_err(|error| TracerError::Exporter(error.to_string()))?;
    let attributes = config
        .resource
        .iter()
        .map(|(k, v)| KeyValue::new(k.clone(), v.clone()));
    let resource = Resource::builder()
        .with_attributes(attributes)
        .with_service_name(config.service_name.clone())
        .build();
    exporter.set_resource(&resource);
    Ok(exporter)
}

fn url(address: &str, tls: bool, path: &str) -> Result<String, TracerError> {
    let bad = |reason: String| TracerError::Address {
        address: address.to_owned(),
        reason,
    };
    let scheme = if tls { "https" } else { "http" };
    let url = format!("{scheme}://{address}{path}");
    let uri: Uri = url
        .parse()
        .map_err(|error: http::uri::InvalidUri| bad(error.to_string()))?;
    if uri
        .authority()
        .is_none_or(|authority| authority.as_str() != address)
    {
        return Err(bad("it holds more than a host and a port".to_owned()));
    }
    Ok(url)
}

// === impl Tls ===

impl<C: Connector> Service<Uri> for Tls<C> {
    type Response = C::Response;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = futures_util::future::MapErr<
        <C as Service<Uri>>::Future,
        fn(<C as Service<Uri>>::Error) -> Self::Error,
    >;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Service::<Uri>::poll_ready(&mut self.connector, cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let uri = if self.on { with_https(uri) } else { uri };
        futures_util::TryFutureExt::map_err(self.connector.call(uri), Into::into)
    }
}

fn with_https(uri: Uri) -> Uri {
    let plain = uri.clone();
    let mut parts = uri.into_parts();
    parts.scheme = Some(Scheme::HTTPS);
    Uri::from_parts(parts).unwrap_or(plain)
}
