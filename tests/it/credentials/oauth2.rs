//! `oauth2`: both grants with every proof of the client, tokens that are kept, and answers that are none.

use data_encoding::{BASE64, BASE64URL_NOPAD};

use super::*;

const TOKEN: &str = r#"{"access_token": "T", "token_type": "Bearer", "expires_in": 3600}"#;

/// What is asked for a token: its fields, with assertions read, and the Authorization header.
fn token_request(asked: &[Asked]) -> Value {
    let request = asked
        .iter()
        .find(|it| it.path.starts_with("/token"))
        .unwrap();
    let mut form = serde_json::Map::new();
    for (name, value) in fields(request.text()) {
        let value = match claims(&value) {
            Some(read) => read,
            None => json!(value),
        };
        form.insert(name, value);
    }
    json!({
        "form": form,
        "authorization": request.header("authorization"),
        "type": request.header("content-type"),
        "x-extra": request.header("x-extra"),
        "service": asked.last().unwrap().header("authorization"),
    })
}

/// Header and claims of a token, without what differs from one to the next.
fn claims(token: &str) -> Option<Value> {
    let mut parts = token.split('.').map(|part| {
        let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).ok()?;
        serde_json::from_slice::<Value>(&bytes).ok()
    });
    let (header, mut claims) = (parts.next()??, parts.next()??);
    let lives = claims["exp"].as_u64()? - claims["iat"].as_u64()?;
    let members = claims.as_object_mut()?;
    for name in ["exp", "iat"] {
        members.remove(name);
    }
    if let Some(id) = members.get_mut("jti") {
        *id = json!(id.as_str()?.len());
    }
    Some(json!({"header": header, "claims": claims, "lives": lives}))
}

/// A setup whose `keys` have `ec`.
fn signed(oauth2: &Value) -> Setup {
    let mut setup = Setup::new(json!({ "oauth2": oauth2 }));
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    setup.keys = json!({"ec": {"algorithm": "ES256", "private_key": key}});
    setup
}

#[tokio::test]
async fn tokens_are_asked_for_as_opa_does() {
    let world = World::start().await;
    world.answer("/token", 200, TOKEN);
    std::fs::write(world.authority.file("assertion"), "a.s.s").unwrap();
    let form = "application/x-www-form-urlencoded";
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let basic = format!("Basic {}", BASE64.encode(b"me:s&c r%t"));
    for (setup, expected) in [
        (
            Setup::new(
                json!({"oauth2": {"token_url": "TLS/token", "client_id": "me", "client_secret": "s&c r%t",
                "scopes": ["a", "b"], "additional_headers": {"X-Extra": "one"},
                "additional_parameters": {"resource": "t w"}}}),
            ),
            json!({"form": {"grant_type": "client_credentials", "scope": "a b", "resource": "t w"},
                "authorization": basic, "x-extra": "one"}),
        ),
        (
            signed(
                &json!({"token_url": "TLS/token", "client_id": "me", "signing_key": "ec", "scopes": ["a"],
                "include_jti_claim": true, "additional_claims": {"aud": "x", "n": [1.5, null]}}),
            ),
            json!({"form": {"grant_type": "client_credentials", "scope": "a", "client_id": "me",
                "client_assertion_type": kind, "client_assertion": {"lives": 600,
                "header": {"alg": "ES256", "typ": "JWT"},
                "claims": {"aud": "x", "n": [1.5, null], "scope": "a", "jti": 36}}},
                "authorization": "", "x-extra": ""}),
        ),
        (
            signed(
                &json!({"token_url": "TLS/token", "grant_type": "jwt_bearer", "signing_key": "ec",
                "thumbprint": "8F1BDDDE9982299E62749C20EDDBAAC57F619D04", "additional_claims": {"iss": "i"}}),
            ),
            json!({"form": {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": {"lives": 600,
                "header": {"alg": "ES256", "typ": "JWT", "x5t": "jxvd3pmCKZ5idJwg7duqxX9hnQQ="},
                "claims": {"iss": "i"}}}, "authorization": "", "x-extra": ""}),
        ),
        (
            Setup::new(
                json!({"oauth2": {"token_url": "TLS/token", "client_id": "me",
                "client_assertion_path": "FOLDER/assertion", "client_assertion_type": "other"}}),
            ),
            json!({"form": {"grant_type": "client_credentials", "client_id": "me", "client_assertion": "a.s.s",
                "client_assertion_type": "other"}, "authorization": "", "x-extra": ""}),
        ),
        (
            Setup::new(
                json!({"oauth2": {"token_url": "TLS/token", "client_id": "me", "client_assertion": "a"}}),
            ),
            json!({"form": {"grant_type": "client_credentials", "client_id": "me", "client_assertion": "a",
                "client_assertion_type": kind}, "authorization": "", "x-extra": ""}),
        ),
    ] {
        let mut expected = expected;
        expected["type"] = json!(form);
        expected["service"] = json!("Bearer T");
        assert_eq!(setup.both(&world, token_request).await, expected);
    }
}

#[tokio::test]
async fn keys_elsewhere_sign_as_for_opa() {
    let world = World::start().await;
    world.answer("/token", 200, TOKEN);
    world.answer(
        "/msi",
        200,
        r#"{"access_token": "V", "expires_in": "3600"}"#,
    );
    world.answer("SigningAlgorithm", 200, r#"{"Signature": "MAYCAQECAQI="}"#);
    world.answer("/sign", 200, r#"{"value": "AAAA"}"#);
    let kms = Setup::new(
        json!({"oauth2": {"token_url": "TLS/token", "client_id": "me",
        "aws_kms": {"name": "arn:k", "algorithm": "ECDSA_SHA_256"},
        "aws_signing": {"service": "kms", "environment_credentials": {}}}}),
    )
    .env(&[
        ("AWS_ACCESS_KEY_ID", "A"),
        ("AWS_SECRET_ACCESS_KEY", "S"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL_KMS", "TLS"),
    ]);
    let asked = kms.both(&world, |asked| {
        let body: Value = serde_json::from_slice(&asked[0].body).unwrap();
        let signature = token_signature(asked);
        let names = ["content-type", "x-amz-target"];
        let proof = asked[0]
            .header("authorization")
            .split(',')
            .next()
            .unwrap()
            .to_owned();
        let key = json!([body["KeyId"], body["MessageType"], body["SigningAlgorithm"]]);
        (
            shape(&asked[0], &names),
            key,
            proof.contains("/us-east-1/kms/aws4_request"),
            signature,
        )
    });
    let (shape, key, scoped, signature) = asked.await;
    assert_eq!(
        shape["headers"],
        json!({"content-type": "application/x-amz-json-1.1",
        "x-amz-target": "TrentService.Sign"})
    );
    assert_eq!(key, json!(["arn:k", "DIGEST", "ECDSA_SHA_256"]));
    assert!(scoped);
    let mut fixed = [0; 64];
    (fixed[31], fixed[63]) = (1, 2);
    assert_eq!(signature, fixed);

    let vault = Setup::new(
        json!({"oauth2": {"token_url": "TLS/token", "client_id": "me",
        "azure_keyvault": {"key": "k", "key_algorithm": "ES256", "vault": "myvault"},
        "azure_signing": {"service": "keyvault", "azure_managed_identity": {"endpoint": "PLAIN/msi"}}}}),
    );
    let Some(theirs) = vault.theirs(&world).await else {
        return;
    };
    let mut setup = Setup::new(vault.credentials.clone());
    setup.credentials["oauth2"]["azure_keyvault"]["vault"] = json!("TLS");
    let ours = setup.ours(&world).await;
    for (asked, resource) in [
        (&theirs, "https://myvault.vault.azure.net".to_owned()),
        (&ours, world.place("TLS")),
    ] {
        let [identity, sign, _, service] = asked.as_slice() else {
            panic!("four requests, not {asked:?}")
        };
        assert!(fields(&identity.path[5..]).contains(&("resource".to_owned(), resource)));
        assert_eq!(
            (sign.path.as_str(), sign.header("authorization")),
            ("/keys/k/sign?api-version=7.4", "Bearer V")
        );
        let body: Value = serde_json::from_slice(&sign.body).unwrap();
        assert_eq!(
            (&body["alg"], body["value"].as_str().unwrap().len()),
            (&json!("ES256"), 44)
        );
        assert_eq!(token_signature(asked), [0, 0, 0]);
        assert_eq!(service.header("authorization"), "Bearer T");
    }
}

/// The signature of the client's assertion.
fn token_signature(asked: &[Asked]) -> Vec<u8> {
    let request = asked
        .iter()
        .find(|it| it.path.starts_with("/token"))
        .unwrap();
    let form = fields(request.text());
    let (_, assertion) = form
        .iter()
        .find(|(name, _)| name == "client_assertion")
        .unwrap();
    BASE64URL_NOPAD
        .decode(assertion.rsplit('.').next().unwrap().as_bytes())
        .unwrap()
}

fn secret() -> Setup {
    Setup::new(
        json!({"oauth2": {"token_url": "TLS/token", "client_id": "me", "client_secret": "hush"}}),
    )
}

/// How often each was asked: the token endpoint, and the service.
fn counts(world: &World) -> (usize, usize) {
    let asked = world.asked();
    let count = |path| asked.iter().filter(|it| it.path.starts_with(path)).count();
    (count("/token"), count("/service"))
}

#[tokio::test]
async fn a_token_is_kept_while_it_is_good_and_believed() {
    let world = World::start().await;
    world.answer("/token", 200, TOKEN);
    world.answer("/service", 200, "");
    let client = secret().client(&world);
    let (a, b) = tokio::join!(client.get("x", &[]), client.get("y", &[]));
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(counts(&world), (1, 2), "one request at a time, for all");

    world.answer("/service", 401, "");
    let answer = client.get("x", &[]).await.unwrap();
    assert_eq!(answer.status, 401);
    assert_eq!(counts(&world), (2, 4), "one fresh token, one more try");

    world.answer("/token", 200, r#"{"access_token": "U", "expires_in": 10}"#);
    world.answer("/service", 200, "");
    let client = secret().client(&world);
    world.forget();
    for _ in 0..2 {
        client.get("x", &[]).await.unwrap();
    }
    assert_eq!(counts(&world), (2, 2), "ten seconds are kept in hand");
    world.answer("/service", 401, "");
    client.get("x", &[]).await.unwrap();
    assert_eq!(counts(&world), (3, 3), "a fresh token is not tried again");
}

#[tokio::test]
async fn a_token_that_is_not_given_is_told_without_the_secret() {
    let world = World::start().await;
    let client = secret().client(&world);
    for (status, body, said) in [
        (
            401,
            r#"{"error": "invalid_client", "error_description": "hush"}"#,
            "401 Unauthorized: invalid_client",
        ),
        (302, "", "302 Found"),
        (200, "hush", "`access_token`"),
        (200, r#"{"access_token": "a\nb"}"#, "HTTP does not allow"),
    ] {
        world.answer("/token", status, body);
        let error = client.get("x", &[]).await.unwrap_err().to_string();
        assert!(
            error.contains("service `s`") && error.contains("oauth2"),
            "{error}"
        );
        assert!(error.contains(said) && !error.contains("hush"), "{error}");
    }
    assert_eq!(counts(&world), (4, 0), "without its token nothing is asked");
}
