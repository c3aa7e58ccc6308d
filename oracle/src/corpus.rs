//! Programs that people wrote: OPA's language cases, and the policies of this repository.
//!
//! | room | what it is |
//! | --- | --- |
//! | [`conformance`] | the language cases, which stand outside of the repository |
//! | [`policies`] | every policy of the repository, with the inputs that stand beside it |
//! | [`blocks`] | the modules that stand inside other texts |

pub mod blocks;
pub mod conformance;
pub mod policies;

use regate_rego::syntax::ast::RegoVersion;

use crate::program::Text;

/// A program with its name.
#[derive(Debug, Clone)]
pub struct Case {
    /// Where it stands.
    pub name: String,
    /// The program.
    pub text: Text,
}

/// What a version is called in files of cases.
fn version(name: Option<&str>) -> RegoVersion {
    match name {
        Some("v0") => RegoVersion::V0,
        _ => RegoVersion::V1,
    }
}
