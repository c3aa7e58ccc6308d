//! The stored programs answer as OPA did; those that do not are listed with a reason.

use std::path::Path;

use regate_oracle::stored;

#[test]
fn stored_programs_answer_as_opa_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases/rego");
    let wrong = stored::violations(&folder).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
