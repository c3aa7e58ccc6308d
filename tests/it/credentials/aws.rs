//! `s3_signing`: where keys come from, and what is signed with them.

use super::*;

const ENVIRONMENT: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "AKENV"),
    ("AWS_SECRET_ACCESS_KEY", "S"),
    ("AWS_SESSION_TOKEN", "T"),
    ("AWS_REGION", "us-east-1"),
];

const KEYS: &str = r#"{"Code": "Success", "AccessKeyId": "AKMETA", "SecretAccessKey": "S", "Token": "M",
    "Expiration": "2999-01-01T00:00:00Z"}"#;

/// Who signed the request to the service, for what, with which token, and which of the headers that matter are signed.
fn signer(asked: &[Asked]) -> Value {
    let service = asked.last().unwrap();
    let (algorithm, rest) = service.header("authorization").split_once(' ').unwrap();
    let part = |name: &str| {
        let mut parts = rest.split(',').map(str::trim);
        parts.find_map(|part| part.strip_prefix(name)).unwrap()
    };
    let mut credential = part("Credential=").split('/');
    let key = credential.next().unwrap();
    let scope: Vec<&str> = credential.skip(1).collect();
    let signed = part("SignedHeaders=").split(';');
    // OPA signs whatever header there is.
    let signed: Vec<&str> = signed.filter(|name| *name != "prefer").collect();
    json!([
        algorithm,
        key,
        scope.join("/"),
        signed.join(";"),
        service.header("x-amz-security-token"),
        service.header("x-amz-region-set"),
    ])
}

const SIGNED: &str = "host;x-amz-content-sha256;x-amz-date;x-amz-security-token";
const V4: &str = "AWS4-HMAC-SHA256";

#[tokio::test]
async fn keys_are_found_where_opa_finds_them() {
    let world = World::start().await;
    world.answer("/latest/api/token", 200, "machine-token");
    world.answer("security-credentials", 200, KEYS);
    let profiles = "[default]\naws_access_key_id = AKDEF\naws_secret_access_key = S\n\
                    [other]\naws_access_key_id=AKOTHER\naws_secret_access_key=S\naws_session_token = P\n";
    std::fs::write(world.authority.file("profiles"), profiles).unwrap();
    std::fs::write(world.authority.file("word"), "word").unwrap();
    let s3 = |inside: Value| Setup::new(json!({ "s3_signing": inside }));
    let container = [
        (
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "PLAIN/security-credentials",
        ),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "FOLDER/word"),
    ];
    for (setup, expected) in [
        (
            s3(json!({"environment_credentials": {}})).env(&ENVIRONMENT),
            json!([V4, "AKENV", "us-east-1/s3/aws4_request", SIGNED, "T", ""]),
        ),
        (
            s3(json!({"environment_credentials": {}, "service": "execute-api"})).env(&ENVIRONMENT),
            json!([
                V4,
                "AKENV",
                "us-east-1/execute-api/aws4_request",
                "host;x-amz-date;x-amz-security-token",
                "T",
                ""
            ]),
        ),
        (
            s3(json!({"environment_credentials": {}, "signature_version": "4a"})).env(&ENVIRONMENT),
            json!([
                "AWS4-ECDSA-P256-SHA256",
                "AKENV",
                "s3/aws4_request",
                "host;x-amz-content-sha256;x-amz-date;x-amz-region-set;x-amz-security-token",
                "T",
                "*"
            ]),
        ),
        (
            s3(
                json!({"profile_credentials": {"path": "FOLDER/profiles", "profile": "other", "aws_region": "r"}}),
            ),
            json!([V4, "AKOTHER", "r/s3/aws4_request", SIGNED, "P", ""]),
        ),
        (
            s3(json!({"profile_credentials": {"aws_region": "r"}}))
                .env(&[("AWS_SHARED_CREDENTIALS_FILE", "FOLDER/profiles")]),
            json!([
                V4,
                "AKDEF",
                "r/s3/aws4_request",
                "host;x-amz-content-sha256;x-amz-date",
                "",
                ""
            ]),
        ),
        (
            s3(json!({"metadata_credentials": {"aws_region": "r", "iam_role": "role"}}))
                .env(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", "PLAIN")]),
            json!([V4, "AKMETA", "r/s3/aws4_request", SIGNED, "M", ""]),
        ),
        (
            s3(json!({"metadata_credentials": {"aws_region": "us-east-1"}})).env(&container),
            json!([V4, "AKMETA", "us-east-1/s3/aws4_request", SIGNED, "M", ""]),
        ),
        // What cannot be used gives way to what comes next, in an order that is not the file's.
        (
            s3(
                json!({"metadata_credentials": {"aws_region": "r", "iam_role": "role"},
                "profile_credentials": {"path": "FOLDER/profiles", "aws_region": "p"},
                "environment_credentials": {}}),
            ),
            json!([
                V4,
                "AKDEF",
                "p/s3/aws4_request",
                "host;x-amz-content-sha256;x-amz-date",
                "",
                ""
            ]),
        ),
        (
            s3(
                json!({"metadata_credentials": {"aws_region": "r", "iam_role": "role"},
                "profile_credentials": {"path": "FOLDER/nowhere", "aws_region": "p"}}),
            )
            .env(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", "PLAIN")]),
            json!([V4, "AKMETA", "r/s3/aws4_request", SIGNED, "M", ""]),
        ),
    ] {
        assert_eq!(
            setup.both(&world, signer).await,
            expected,
            "{}",
            setup.credentials
        );
    }
}

#[tokio::test]
async fn metadata_services_are_shown_what_they_want_to_see() {
    let world = World::start().await;
    world.answer("/latest/api/token", 200, "machine-token\n");
    world.answer("security-credentials", 200, KEYS);
    let machine = Setup::new(
        json!({"s3_signing": {"metadata_credentials": {"aws_region": "r", "iam_role": "role"}}}),
    )
    .env(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", "PLAIN")]);
    let names = [
        "x-aws-ec2-metadata-token-ttl-seconds",
        "x-aws-ec2-metadata-token",
    ];
    world.answer("/latest/api/token", 200, "machine-token");
    let asked = machine
        .both(&world, |asked| {
            [shape(&asked[0], &names), shape(&asked[1], &names)]
        })
        .await;
    assert_eq!(
        asked,
        [
            json!({"asked": "PUT /latest/api/token", "query": [], "headers": {names[0]: "60", names[1]: ""}}),
            json!({"asked": "GET /latest/meta-data/iam/security-credentials/role", "query": [],
            "headers": {names[0]: "", names[1]: "machine-token"}}),
        ]
    );

    // A line's end behind the token, which OPA stumbles over, is no part of it.
    std::fs::write(world.authority.file("word"), "from-file\n").unwrap();
    let container =
        Setup::new(json!({"s3_signing": {"metadata_credentials": {"aws_region": "r"}}})).env(&[
            (
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "PLAIN/security-credentials",
            ),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "FOLDER/word"),
        ]);
    let asked = container.ours(&world).await;
    assert_eq!(asked[0].header("authorization"), "from-file");

    let far =
        Setup::new(json!({"s3_signing": {"metadata_credentials": {"aws_region": "r"}}})).env(&[(
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "http://192.0.2.1/keys",
        )]);
    let error = far.service(&world).unwrap_err();
    assert!(
        error.contains("192.0.2.1") && error.contains("TLS"),
        "{error}"
    );
}

fn answer_of_sts(action: &str, end: &str) -> String {
    format!(
        "<{action}Response><{action}Result><Credentials><AccessKeyId>AKROLE</AccessKeyId>\
         <SecretAccessKey>S</SecretAccessKey><SessionToken>R</SessionToken>\
         <Expiration>{end}</Expiration></Credentials></{action}Result></{action}Response>"
    )
}

#[tokio::test]
async fn roles_are_assumed_as_opa_does() {
    let world = World::start().await;
    let end = "2999-01-01T00:00:00Z";
    world.answer("Action=AssumeRole&", 200, answer_of_sts("AssumeRole", end));
    world.answer(
        "Action=AssumeRoleWith",
        200,
        answer_of_sts("AssumeRoleWithWebIdentity", end),
    );
    std::fs::write(world.authority.file("web"), "web.token").unwrap();
    let role = Setup::new(
        json!({"s3_signing": {"assume_role_credentials": {"aws_region": "us-east-1",
        "iam_role_arn": "arn:aws:iam::1:role/r", "aws_signing": {"environment_credentials": {}}}}}),
    )
    .env(&ENVIRONMENT)
    .env(&[("AWS_ENDPOINT_URL_STS", "TLS")]);
    let web = Setup::new(
        json!({"s3_signing": {"web_identity_credentials": {"aws_region": "us-east-1",
        "session_name": "me"}}}),
    )
    .env(&[
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "FOLDER/web"),
        ("AWS_ENDPOINT_URL_STS", "TLS"),
    ]);
    let expected = json!([V4, "AKROLE", "us-east-1/s3/aws4_request", SIGNED, "R", ""]);
    for (setup, form, proof) in [
        (
            role,
            json!([
                ["Action", "AssumeRole"],
                ["RoleArn", "arn:aws:iam::1:role/r"],
                ["RoleSessionName", "open-policy-agent"],
                ["Version", "2011-06-15"]
            ]),
            "AKENV",
        ),
        (
            web,
            json!([
                ["Action", "AssumeRoleWithWebIdentity"],
                ["RoleArn", "arn:aws:iam::1:role/r"],
                ["RoleSessionName", "me"],
                ["Version", "2011-06-15"],
                ["WebIdentityToken", "web.token"]
            ]),
            "",
        ),
    ] {
        let asked = setup.both(&world, |asked| {
            let sts = &asked[0];
            let proof = sts.header("authorization");
            let proof = proof.split_once("Credential=").map_or("", |it| it.1);
            let proof = proof.split('/').next().unwrap().to_owned();
            (
                shape(sts, &["content-type"]),
                json!(fields(sts.text())),
                proof,
                signer(asked),
            )
        });
        let (shape, asked_form, asked_by, signed) = asked.await;
        assert_eq!(
            shape["headers"]["content-type"],
            "application/x-www-form-urlencoded"
        );
        assert_eq!(
            (asked_form, asked_by.as_str(), signed),
            (form, proof, expected.clone())
        );
    }
}

#[tokio::test]
async fn keys_of_a_role_are_kept_until_their_end() {
    let world = World::start().await;
    world.answer("/service", 200, "");
    std::fs::write(world.authority.file("web"), "web.token").unwrap();
    let web = Setup::new(
        json!({"s3_signing": {"web_identity_credentials": {"aws_region": "us-east-1"}}}),
    )
    .env(&[
        ("AWS_ROLE_ARN", "r"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "FOLDER/web"),
        ("AWS_ENDPOINT_URL_STS", "TLS"),
    ]);
    for (end, expected) in [("2999-01-01T00:00:00Z", 1), ("2001-01-01T00:00:00Z", 2)] {
        world.answer(
            "Action",
            200,
            answer_of_sts("AssumeRoleWithWebIdentity", end),
        );
        let client = web.client(&world);
        world.forget();
        for _ in 0..2 {
            client.get("x", &[]).await.unwrap();
        }
        let asked = world.asked();
        let of_sts = asked.iter().filter(|it| it.path == "/").count();
        assert_eq!(of_sts, expected, "{end}");
    }
    world.answer(
        "Action",
        403,
        "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>",
    );
    let error = web
        .client(&world)
        .get("x", &[])
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("s3_signing") && error.contains("403 Forbidden: AccessDenied"),
        "{error}"
    );
}

#[tokio::test]
async fn registries_of_amazon_get_a_password_as_from_opa() {
    let world = World::start().await;
    let answer =
        r#"{"authorizationData": [{"authorizationToken": "QVdTOnB3", "expiresAt": 32503680000}]}"#;
    world.answer("{}", 200, answer);
    let mut setup =
        Setup::new(json!({"s3_signing": {"service": "ecr", "environment_credentials": {}}}))
            .env(&ENVIRONMENT)
            .env(&[("AWS_ENDPOINT_URL_ECR", "TLS")]);
    setup.registry = true;
    setup.resource = "v2/service/a/manifests/b";
    let names = ["content-type", "x-amz-target"];
    let asked = setup.both(&world, |asked| {
        let service = asked.last().unwrap().header("authorization").to_owned();
        (shape(&asked[0], &names), service)
    });
    let (shape, service) = asked.await;
    assert_eq!(
        shape["headers"],
        json!({names[0]: "application/x-amz-json-1.1",
            names[1]: "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"})
    );
    assert_eq!(
        (&shape["asked"], &*service),
        (&json!("POST /"), "Basic QVdTOnB3")
    );
}

#[tokio::test]
async fn who_has_signed_in_gets_keys() {
    let world = World::start().await;
    let keys = r#"{"roleCredentials": {"accessKeyId": "AKSSO", "secretAccessKey": "S", "sessionToken": "O",
        "expiration": 32503680000000}}"#;
    world.answer("/federation/credentials", 200, keys);
    world.answer(
        "/token",
        200,
        r#"{"accessToken": "renewed", "expiresIn": 3600}"#,
    );
    let profiles = "[profile dev]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = reader\n\
                    [sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://c.test\n";
    std::fs::write(world.authority.file("config"), profiles).unwrap();
    let cache = world.authority.file("cache");
    std::fs::create_dir(&cache).unwrap();
    // The name is the SHA-1 of `corp`.
    let file = cache.join("ee0bfd2552fbd840c02cc48b6e823320543c450f.json");
    let setup = Setup::new(
        json!({"s3_signing": {"sso_credentials": {"path": "FOLDER/config", "profile": "dev",
        "aws_region": "r", "cache": "FOLDER/cache"}}}),
    )
    .env(&[
        ("AWS_ENDPOINT_URL_SSO", "TLS"),
        ("AWS_ENDPOINT_URL_SSO_OIDC", "TLS"),
    ]);
    for (end, expected) in [
        ("2999-01-01T00:00:00Z", "first"),
        ("2001-01-01T00:00:00Z", "renewed"),
    ] {
        let token = json!({"accessToken": "first", "expiresAt": end, "refreshToken": "again",
            "clientId": "c", "clientSecret": "hush"});
        std::fs::write(&file, token.to_string()).unwrap();
        let asked = setup.ours(&world).await;
        let portal = &asked[asked.len() - 2];
        let shape = shape(portal, &["x-amz-sso_bearer_token"]);
        assert_eq!(
            shape["query"],
            json!([["account_id", "1"], ["role_name", "reader"]])
        );
        assert_eq!(shape["headers"]["x-amz-sso_bearer_token"], expected);
        assert_eq!(
            signer(&asked),
            json!([V4, "AKSSO", "r/s3/aws4_request", SIGNED, "O", ""])
        );
    }
    std::fs::write(
        &file,
        r#"{"accessToken": "x", "expiresAt": "2001-01-01T00:00:00Z"}"#,
    )
    .unwrap();
    let error = setup
        .client(&world)
        .get("x", &[])
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("`aws sso login --profile dev`"), "{error}");
}
