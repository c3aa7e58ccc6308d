//! Keys of activation, which OPA does not have.

use super::{COUNT, Key, Kind, POSITIVE, served};

pub(super) const KEYS: &[Key] = &[
    served(
        "activation",
        Kind::Section,
        "what becomes of snapshots: of new ones, and of those before",
    )
    .ours(),
    served(
        "activation.tests",
        Kind::Bool,
        "the tests in a new policy (rules named `test_…`, as `regate test` runs them) must pass before it comes into force",
    )
    .default("false")
    .ours(),
    served(
        "activation.samples",
        Kind::Text,
        "a file of decision-log events, one a line or an array: a new policy must answer their inputs as the one in force does, unless a manifest has `metadata: {\"activation\": {\"answers_change\": true}}`",
    )
    .ours(),
    served(
        "activation.history",
        COUNT,
        "how many earlier snapshots are kept, data and all, so that `POST /v1/snapshots/REVISION/activate` can put them in force again",
    )
    .default("0")
    .ours(),
    served(
        "activation.rollback",
        Kind::Section,
        "when a new snapshot makes way for the one before; the content that was rolled back does not come into force again",
    )
    .ours(),
    served(
        "activation.rollback.window",
        Kind::Duration,
        "for how long after its activation a snapshot can be rolled back",
    )
    .default("60s")
    .ours(),
    served(
        "activation.rollback.min_decisions",
        POSITIVE,
        "how many decisions there must have been since",
    )
    .default("100")
    .ours(),
    served(
        "activation.rollback.max_error_rate",
        Kind::Number,
        "the part of them that may have ended with an error, from 0 to 1",
    )
    .ours(),
    served(
        "activation.rollback.max_denial_rate",
        Kind::Number,
        "the part of them that may have denied, from 0 to 1",
    )
    .ours(),
    served(
        "activation.stale_after",
        Kind::Duration,
        "for how long a bundle's server may be out of reach before the policy counts as stale, also where it is asked only once (`file://`) or by hand (`trigger: manual`); `0`: for ever",
    )
    .default("0")
    .ours(),
    served(
        "activation.stale_policy",
        Kind::OneOf(&["serve", "deny"]),
        "what a stale policy does: it goes on to decide, or every request is denied with 403",
    )
    .default("serve")
    .ours(),
];
