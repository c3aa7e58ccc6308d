//! Signs bundles for tests by `HS256`; what it makes `opa` accepts too, as tests/it/bundle/signed.rs shows.

use regate_rego::Value;
use regate_rego::builtins::{self, Budget, Caches, Context, digest};
use serde_json::json;

/// The text of a `.signatures.json` for `files`, whose bytes are as they are hashed.
pub(crate) fn signatures(
    files: &[(&str, &[u8])],
    claims: &serde_json::Value,
    secret: &str,
) -> String {
    let files: Vec<_> = files
        .iter()
        .map(|(name, bytes)| signed_file(name, bytes))
        .collect();
    let mut payload = claims.clone();
    payload["files"] = files.into();
    let token = token(&json!({"alg": "HS256"}), &payload, secret);
    json!({"signatures": [token]}).to_string()
}

/// What a payload says of one file.
pub(crate) fn signed_file(name: &str, bytes: &[u8]) -> serde_json::Value {
    let hash = digest("SHA-256", bytes).unwrap();
    json!({"name": name, "algorithm": "SHA-256", "hash": data_encoding::HEXLOWER.encode(&hash)})
}

/// A token signed with `secret`.
pub(crate) fn token(
    header: &serde_json::Value,
    payload: &serde_json::Value,
    secret: &str,
) -> String {
    let secret = data_encoding::BASE64URL_NOPAD.encode(secret.as_bytes());
    let key = json!({"kty": "oct", "k": secret});
    let args = [header, payload, &key].map(|json| Value::from(json.to_string().as_str()));
    let mut context = Context {
        budget: &mut Budget::default(),
        now_ns: 0,
        seed: 0,
        runtime: &Value::Null,
        caches: &Caches::default(),
        outside: None,
        memo: &mut std::collections::HashMap::new(),
    };
    let sign = builtins::get("io.jwt.encode_sign_raw").unwrap();
    let token = sign.call(&mut context, &args.each_ref()).unwrap();
    token.as_str().unwrap().to_owned()
}
