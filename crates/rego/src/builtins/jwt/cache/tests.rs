//! What is remembered, for how long, and that nothing else is taken for it.

use std::sync::Arc;

use super::{SHARDS, TokenCache, TokenCounts, TokenLimits};
use crate::builtins::Caches;
use crate::builtins::jwt::tests::{by, call, decode_verify, hs256};
use crate::builtins::testing::{read, show};
use crate::value::Value;

const HEADER: &str = r#"{"alg":"HS256"}"#;

fn caches(limits: TokenLimits) -> Caches {
    let caches = Caches::default();
    assert!(
        caches.share_tokens(Arc::new(TokenCache::new(limits))),
        "nothing was asked for yet"
    );
    caches
}

/// The key `k` as a JWK.
fn jwk(k: &str) -> String {
    let k = data_encoding::BASE64URL_NOPAD.encode(k.as_bytes());
    format!(r#"{{"kty": "oct", "k": "{k}"}}"#)
}

fn ask(caches: &Caches, token: &str, constraints: &str) -> String {
    call(
        caches,
        "io.jwt.decode_verify",
        &[token.into(), read(constraints)],
    )
}

#[test]
fn a_token_is_verified_once() {
    let caches = caches(TokenLimits::default());
    let token = hs256(HEADER, r#"{"a": 1}"#, "secret");
    let constraints = by("cert", &jwk("secret"));
    let first = ask(&caches, &token, &constraints);
    assert_eq!(first, r#"[true, {"alg": "HS256"}, {"a": 1}]"#);
    for _ in 0..3 {
        assert_eq!(ask(&caches, &token, &constraints), first);
    }
    let counts = TokenCounts {
        key_hits: 3,
        key_misses: 1,
        token_hits: 3,
        token_misses: 1,
    };
    assert_eq!(caches.tokens().counts(), counts);
}

#[test]
fn what_did_not_verify_is_not_remembered() {
    let caches = caches(TokenLimits::default());
    let token = hs256(HEADER, "{}", "other");
    for _ in 0..2 {
        assert_eq!(
            ask(&caches, &token, &by("secret", "secret")),
            "[false, {}, {}]"
        );
    }
    assert_eq!(caches.tokens().counts().token_hits, 0);
}

#[test]
fn a_remembered_token_is_taken_for_nothing_else() {
    let caches = caches(TokenLimits::default());
    let token = hs256(HEADER, r#"{"a": 1}"#, "secret");
    let key = show(&jwk("secret").into());
    assert!(
        ask(&caches, &token, &by("secret", "secret")).starts_with("[true, "),
        "the first"
    );
    assert!(
        ask(&caches, &token, &by("cert", &jwk("secret"))).starts_with("[true, "),
        "the first"
    );
    let other = hs256(HEADER, r#"{"a": 2}"#, "secret");
    let (head, _) = other.rsplit_once('.').expect("a token");
    let (_, mac) = token.rsplit_once('.').expect("a token");
    let refused = [
        (format!("{head}.{mac}"), by("secret", "secret")),
        (token.clone(), by("secret", "secre")),
        (token.clone(), by("cert", &jwk("secre"))),
        (
            token.clone(),
            format!(r#"{{"cert": {key}, "alg": "HS512"}}"#),
        ),
        (
            token.clone(),
            format!(r#"{{"cert": {key}, "alg": "what"}}"#),
        ),
        (
            token.clone(),
            r#"{"secret": "secret", "alg": "RS256"}"#.to_owned(),
        ),
        (
            token.clone(),
            r#"{"secret": "secret", "iss": "ann"}"#.to_owned(),
        ),
    ];
    for (token, constraints) in refused {
        assert_eq!(
            ask(&caches, &token, &constraints),
            "[false, {}, {}]",
            "{constraints}"
        );
    }
    // Secret and token are not run together: this is the same text, parted elsewhere.
    let (first, rest) = token.split_at(1);
    let shifted = [rest.into(), format!("secret{first}").into()];
    assert_eq!(call(&caches, "io.jwt.verify_hs256", &shifted), "false");
}

#[test]
fn one_function_does_not_answer_for_another() {
    let caches = caches(TokenLimits::default());
    let token = hs256(HEADER, "{}", "secret");
    let verify = |name: &str| call(&caches, name, &[token.as_str().into(), "secret".into()]);
    assert_eq!(verify("io.jwt.verify_hs256"), "true");
    assert_eq!(verify("io.jwt.verify_hs384"), "false");
    assert_eq!(verify("io.jwt.verify_hs512"), "false");
    assert_eq!(verify("io.jwt.verify_hs256"), "true");
    assert_eq!(caches.tokens().counts().token_hits, 1);
    assert_eq!(
        ask(&caches, &token, &by("secret", "secret")),
        r#"[true, {"alg": "HS256"}, {}]"#
    );
}

#[test]
fn times_are_checked_each_time() {
    let caches = caches(TokenLimits::default());
    let token = hs256(HEADER, r#"{"exp": 100, "nbf": 50}"#, "secret");
    let at = |seconds: u64| {
        let time = seconds * 1_000_000_000;
        ask(
            &caches,
            &token,
            &format!(r#"{{"secret": "secret", "time": {time}}}"#),
        )
    };
    for (seconds, holds) in [
        (60, true),
        (99, true),
        (100, false),
        (60, true),
        (49, false),
    ] {
        assert_eq!(at(seconds).starts_with("[true, "), holds, "at {seconds}");
    }
    assert_eq!(caches.tokens().counts().token_misses, 1);
}

#[test]
fn limits_of_zero_remember_nothing() {
    let caches = caches(TokenLimits { keys: 0, tokens: 0 });
    let token = hs256(HEADER, "{}", "secret");
    for constraints in [by("secret", "secret"), by("cert", &jwk("secret"))] {
        let first = ask(&caches, &token, &constraints);
        assert_eq!(first, decode_verify(&token, &constraints));
        assert_eq!(ask(&caches, &token, &constraints), first);
    }
    let counts = caches.tokens().counts();
    assert_eq!((counts.key_hits, counts.token_hits), (0, 0));
}

#[test]
fn it_stays_within_its_bytes() {
    let limits = TokenLimits {
        keys: 1 << 16,
        tokens: 1 << 16,
    };
    let caches = caches(limits);
    let often = hs256(HEADER, r#"{"often": true}"#, "secret");
    for n in 0..1500 {
        let token = hs256(HEADER, &format!(r#"{{"n": {n}}}"#), "secret");
        for token in [&token, &often] {
            ask(&caches, token, &by("secret", "secret"));
        }
        call(
            &caches,
            "io.jwt.verify_rs256",
            &[token.as_str().into(), jwk(&token).into()],
        );
    }
    let tokens = caches.tokens();
    assert!(bytes(&tokens.tokens) <= limits.tokens, "tokens");
    assert!(bytes(&tokens.keys) <= limits.keys, "keys");
    assert!(
        bytes(&tokens.tokens) > limits.tokens / 4,
        "it is not thrown away at once"
    );
    assert_eq!(
        tokens.counts().token_hits,
        1499,
        "what is asked for often stays"
    );
    let huge = hs256(
        HEADER,
        &format!(r#"{{"a": "{}"}}"#, "a".repeat(1 << 16)),
        "secret",
    );
    let before = tokens.counts().token_hits;
    for _ in 0..2 {
        ask(&caches, &huge, &by("secret", "secret"));
    }
    assert_eq!(
        tokens.counts().token_hits,
        before,
        "what fits no generation is not kept"
    );
}

#[test]
fn one_cache_serves_several_policies() {
    let shared = Arc::new(TokenCache::default());
    let token = hs256(HEADER, "{}", "secret");
    for _ in 0..2 {
        let caches = Caches::default();
        assert!(
            caches.share_tokens(Arc::clone(&shared)),
            "nothing was asked for yet"
        );
        ask(&caches, &token, &by("secret", "secret"));
        assert!(!caches.share_tokens(Arc::default()), "it is in use");
    }
    assert_eq!(shared.counts().token_hits, 1);
}

fn bytes<K, V>(kept: &super::Kept<K, V>) -> usize {
    let shard = |shard: &super::Shard<K, V>| -> usize {
        [&shard.young, &shard.old]
            .iter()
            .flat_map(|g| g.values())
            .map(|(_, bytes)| bytes)
            .sum()
    };
    assert_eq!(kept.shards.len(), SHARDS);
    kept.shards
        .iter()
        .map(|s| shard(&s.read().expect("no panic")))
        .sum()
}

#[test]
fn the_size_of_a_value_counts_what_is_in_it() {
    let of = |term: &str| match read(term) {
        Value::Object(object) => super::size(&object),
        _ => panic!("an object: {term}"),
    };
    assert!(of(r#"{"a": [1, 2, 3, 4]}"#) > of(r#"{"a": [1]}"#));
    assert!(of(&format!(r#"{{"a": "{}"}}"#, "x".repeat(1000))) > 1000);
}
