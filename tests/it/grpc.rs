//! The data listener through real sockets: framing, errors, limits, panics, drain.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use regate::grpc::{
    self, Address, Bound, BoundAddress, Call, Called, Code, Config, Reply, Routes, Serving, Stats,
    Status, Unary,
};
use regate::task::{self, Drain, DrainGuard, ShutdownTrigger};

pub(crate) use crate::support::call::{Answer, Client, framed};
use crate::support::process::{in_time, until};

mod errors;
mod life;
mod routes;
mod sockets;

pub(crate) const PATH: &str = "/test.Service/Echo";
const OTHER: &str = "/test.Service/Other";

/// A listener with an [`Echo`] handler.
pub(crate) struct Server {
    pub(crate) addresses: Vec<BoundAddress>,
    pub(crate) stats: Arc<Stats>,
    pub(crate) trigger: ShutdownTrigger,
    pub(crate) serving: Serving,
    pub(crate) drain: Drain,
}

/// Answers with its message, or does what the message says.
pub(crate) struct Echo {
    thread: usize,
    calls: usize,
}

pub(crate) fn config(addrs: Vec<Address>) -> Config {
    Config {
        addrs,
        paths: vec![PATH, OTHER],
        ..Config::default()
    }
}

pub(crate) fn tcp() -> Config {
    config(vec![Address::Tcp("127.0.0.1:0".to_owned())])
}

/// A socket file with the usual mode.
pub(crate) fn unix(path: &Path) -> Address {
    Address::Unix {
        path: path.to_owned(),
        mode: None,
    }
}

pub(crate) fn serve(config: Config, routes: Routes) -> Server {
    serve_bound(grpc::bind(config).unwrap(), routes)
}

pub(crate) fn serve_bound(bound: Bound, routes: Routes) -> Server {
    let (trigger, shutdown) = task::shutdown();
    let (drain, guard): (Drain, DrainGuard) = task::drain();
    let (addresses, stats) = (bound.addresses(), bound.stats());
    let make = |thread| Echo { thread, calls: 0 };
    let serving = bound.serve(make, routes, &shutdown, &guard).unwrap();
    Server {
        addresses,
        stats,
        trigger,
        serving,
        drain,
    }
}

/// A POST of gRPC to the echo method.
pub(crate) fn post() -> http::request::Builder {
    Request::post(format!("http://regate{PATH}")).header("content-type", "application/grpc")
}

impl Unary for Echo {
    fn call(&mut self, call: Call<'_>, message: Bytes) -> Called {
        self.calls += 1;
        let text = match &*message {
            b"panic" => panic!("as asked"),
            b"error" => return refused("not now: 100%\n"),
            b"thread" => self.thread.to_string(),
            b"calls" => self.calls.to_string(),
            b"method" => call.method.to_string(),
            b"deadline" => format!("{:?}", call.deadline.map(|at| at - call.received)),
            b"metadata" => call.metadata.get("x-test").unwrap_or("none").to_owned(),
            _ => return Called::Done(Reply::Framed(framed(&message))),
        };
        Called::Done(Reply::Framed(framed(text.as_bytes())))
    }
}

fn refused(text: &str) -> Called {
    Called::Done(Reply::Error(Status::new(Code::Unavailable, text)))
}

impl Server {
    pub(crate) async fn connect(&self) -> Client {
        Client::connect(&self.addresses[0]).await
    }

    /// Waits until so many calls are in flight.
    pub(crate) async fn calls(&self, wanted: usize) {
        let there = async || (self.stats.in_flight() == wanted).then_some(());
        until("so many calls are in flight", there).await;
    }

    /// Shuts down, and returns whether everything in flight could be finished.
    pub(crate) async fn stop(self) -> bool {
        self.trigger.trigger();
        let clean = self.serving.finish(Duration::from_secs(30)).await;
        in_time("the end", self.drain.wait()).await;
        clean
    }
}

/// A client that calls the echo method.
pub(crate) trait Ask {
    /// One call with this message.
    async fn call(&mut self, message: &[u8]) -> Answer;
    /// The text of an answer that is OK.
    async fn ask(&mut self, message: &str) -> String;
}

impl Ask for Client {
    async fn call(&mut self, message: &[u8]) -> Answer {
        self.post(post(), framed(message)).await
    }

    async fn ask(&mut self, message: &str) -> String {
        self.call(message.as_bytes()).await.text()
    }
}
