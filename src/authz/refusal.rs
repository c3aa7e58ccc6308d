//! Why a Check is refused without an evaluation's word.

use crate::decision::{CheckError, Stage};

pub(super) fn timed_out() -> CheckError {
    CheckError {
        stage: Stage::Deadline,
        code: "check_request_timeout",
        message: "check request timed out before query execution: context deadline exceeded"
            .to_owned(),
        location: None,
    }
}

pub(super) fn no_id(error: getrandom::Error) -> CheckError {
    CheckError {
        stage: Stage::Internal,
        code: "start_check_error",
        message: format!("no randomness for a decision id: {error}"),
        location: None,
    }
}

pub(super) fn no_policy() -> CheckError {
    CheckError {
        stage: Stage::Unavailable,
        code: "no_policy_error",
        message: "no policy is active yet: wait until /health?bundles answers 200".to_owned(),
        location: None,
    }
}

pub(super) fn stale_policy() -> CheckError {
    CheckError {
        stage: Stage::Refused,
        code: "stale_policy_error",
        message: "the policy is older than `activation.stale_after` lets it decide".to_owned(),
        location: None,
    }
}

pub(super) fn overload() -> CheckError {
    CheckError {
        stage: Stage::Unavailable,
        code: "overload_error",
        message: "too many long evaluations are waiting; this one is refused".to_owned(),
        location: None,
    }
}

pub(super) fn defect() -> CheckError {
    CheckError {
        stage: Stage::Internal,
        code: "internal_error",
        message: "a defect stopped the handling of this request".to_owned(),
        location: None,
    }
}

pub(super) fn unlogged() -> CheckError {
    CheckError {
        stage: Stage::Refused,
        code: "decision_log_full_error",
        message: "the decision log has no room for this decision, so it is refused; see `decision_logs.on_full`"
            .to_owned(),
        location: None,
    }
}
