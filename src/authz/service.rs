//! The Check service on the gRPC listener: which paths it answers, and how.

use bytes::Bytes;

use crate::authz::check::{self, Answer, Checked, Checker};
use crate::authz::later::Later;
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
    later: Later,
}

// === impl Service ===

impl Service {
    /// A service that answers by this responder.
    pub fn new(checker: Checker, responder: Responder, later: Later) -> Self {
        Self {
            checker,
            responder,
            later,
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
            Checked::PutOff(run) => {
                let responder = self.responder.clone();
                Called::Later(self.later.put_off(&self.checker, responder, run))
            }
            Checked::Held(held) => Called::Later(self.later.hold(held)),
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
