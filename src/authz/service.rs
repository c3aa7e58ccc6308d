//! The Check service on the gRPC listener: which paths it answers, and how.

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::authz::check::{self, Answer, Checked, Checker, Run};
use crate::authz::heavy::Heavy;
use crate::authz::response::{Context, Responder};
use crate::authz::verdict::Verdict;
use crate::authz::wire::WireError;
use crate::decision::{ApiVersion, CheckError};
use crate::grpc::{self, Called, Code, Reply, Status};

/// The paths that [`Service`] answers; a call's method is an index into them.
pub const PATHS: [&str; 2] = [
    "/envoy.service.auth.v3.Authorization/Check",
    "/envoy.service.auth.v2.Authorization/Check",
];

/// `Authorization/Check` of both API versions, for one data thread.
#[derive(Debug)]
pub struct Service {
    checker: Checker,
    responder: Responder,
    heavy: Heavy,
}

// === impl Service ===

impl Service {
    /// A service that answers by this responder.
    pub fn new(checker: Checker, responder: Responder, heavy: Heavy) -> Self {
        Self {
            checker,
            responder,
            heavy,
        }
    }

    /// Has a Check that gave way done elsewhere.
    fn later(&self, run: Box<Run>) -> Called {
        let (sender, reply) = oneshot::channel();
        let responder = self.responder.clone();
        let resume = move |checker: &mut Checker, run| {
            if let Checked::Answered(reply) = checker.resume(&responder, run) {
                // Who asked may be gone by now.
                let _ = sender.send(reply);
            }
        };
        match self.heavy.submit(run, resume) {
            Ok(()) => Called::Later(reply),
            Err(run) => Called::Done(self.checker.overloaded(&self.responder, *run)),
        }
    }
}

impl grpc::Unary for Service {
    fn call(&mut self, call: grpc::Call<'_>, message: Bytes) -> Called {
        let version = if call.method == 0 {
            ApiVersion::V3
        } else {
            ApiVersion::V2
        };
        let call = check::Call {
            version,
            received: call.received,
            deadline: call.deadline,
            metadata: &|name| call.metadata.get(name),
        };
        match self.checker.check(&self.responder, call, &message) {
            Checked::Answered(reply) => Called::Done(reply),
            Checked::GaveWay(run) => self.later(run),
        }
    }
}

impl Answer for Responder {
    type Output = Reply;

    fn verdict(&self, verdict: &Verdict<'_>, context: Context<'_>) -> Result<Reply, CheckError> {
        Self::verdict(self, verdict, context)
    }

    fn error(&self, error: &CheckError, version: ApiVersion) -> Reply {
        Self::error(self, error, version)
    }

    fn undecodable(&self, error: &WireError) -> Reply {
        Reply::Error(Status {
            code: Code::Internal,
            message: format!("grpc: error unmarshalling request: {error}"),
        })
    }
}
