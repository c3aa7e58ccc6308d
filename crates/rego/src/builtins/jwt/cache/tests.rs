//! What is remembered, for how long, and that nothing else is taken for it.

use std::sync::Arc;

use super::{TokenCache, TokenLimits};
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
    let stats = caches.tokens().stats();
    for kept in [stats.keys, stats.tokens] {
        assert_eq!((kept.hits, kept.misses, kept.entries), (3, 1, 1));
        assert!(kept.bytes > 64, "{kept:?}");
    }
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
    assert_eq!(caches.tokens().stats().tokens.hits, 0);
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
    assert_eq!(caches.tokens().stats().tokens.hits, 1);
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
    assert_eq!(caches.tokens().stats().tokens.misses, 1);
}

#[test]
fn limits_of_zero_remember_nothing() {
    let caches = caches(TokenLimits {
        keys: 0,
        tokens: 0,
        entries: usize::MAX,
    });
    let token = hs256(HEADER, "{}", "secret");
    for constraints in [by("secret", "secret"), by("cert", &jwk("secret"))] {
        let first = ask(&caches, &token, &constraints);
        assert_eq!(first, decode_verify(&token, &constraints));
        assert_eq!(ask(&caches, &token, &constraints), first);
    }
    let stats = caches.tokens().stats();
    assert_eq!((stats.keys.hits, stats.tokens.hits), (0, 0));
}

#[test]
fn it_stays_within_its_bytes() {
    let limits = TokenLimits {
        keys: 1 << 16,
        tokens: 1 << 16,
        ..TokenLimits::default()
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
    let stats = tokens.stats();
    assert!(stats.tokens.bytes <= limits.tokens, "tokens");
    assert!(stats.keys.bytes <= limits.keys, "keys");
    assert!(
        stats.tokens.bytes > limits.tokens / 4,
        "it is not thrown away at once"
    );
    assert_eq!(
        tokens.stats().tokens.hits,
        1499,
        "what is asked for often stays"
    );
    let huge = hs256(
        HEADER,
        &format!(r#"{{"a": "{}"}}"#, "a".repeat(1 << 16)),
        "secret",
    );
    let before = tokens.stats().tokens.hits;
    for _ in 0..2 {
        ask(&caches, &huge, &by("secret", "secret"));
    }
    assert_eq!(
        tokens.stats().tokens.hits,
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
    assert_eq!(shared.stats().tokens.hits, 1);
}

#[test]
fn it_stays_within_its_entries() {
    for entries in [0, 1, 2, 3, 10, 1000] {
        let limits = TokenLimits {
            entries,
            ..TokenLimits::default()
        };
        let caches = caches(limits);
        for n in 0..1500 {
            let token = hs256(HEADER, &format!(r#"{{"n": {n}}}"#), "secret");
            for _ in 0..2 {
                ask(&caches, &token, &by("secret", "secret"));
            }
        }
        let kept = caches.tokens().stats().tokens;
        assert!(kept.entries <= entries, "{entries}: {kept:?}");
        assert!(kept.entries >= entries / 4, "{entries}: {kept:?}");
        assert_eq!(kept.hits, if entries == 0 { 0 } else { 1500 }, "{entries}");
    }
}

#[test]
fn a_key_that_has_left_its_set_verifies_nothing_any_more() {
    let caches = caches(TokenLimits::default());
    let token = hs256(HEADER, "{}", "secret");
    let set = |keys: &[&str]| {
        let keys: Vec<String> = keys.iter().map(|key| jwk(key)).collect();
        by("cert", &format!(r#"{{"keys": [{}]}}"#, keys.join(", ")))
    };
    for (keys, holds) in [
        (&["secret"][..], true),
        (&["secret", "new"], true),
        (&["new"], false),
        (&["secret"], true),
    ] {
        let answer = ask(&caches, &token, &set(keys));
        assert_eq!(answer.starts_with("[true, "), holds, "{keys:?}");
    }
}

#[test]
fn a_large_set_of_keys_is_read_once() {
    let caches = caches(TokenLimits::default());
    let token = hs256(HEADER, "{}", "secret");
    let keys: Vec<String> = (0..900).map(|n| jwk(&format!("{n:0200}"))).collect();
    let set = by("cert", &format!(r#"{{"keys": [{}]}}"#, keys.join(", ")));
    for _ in 0..2 {
        ask(&caches, &token, &set);
    }
    assert_eq!(caches.tokens().stats().keys.hits, 1);
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
