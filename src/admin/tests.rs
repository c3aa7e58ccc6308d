//! The routes, without a socket.

use axum::body::{Body, to_bytes};
use tower::ServiceExt;

use super::*;

fn admin(evaluable: bool, bundles: bool, plugins: &[(&str, bool)], stopping: bool) -> Arc<Admin> {
    let plugins: Vec<_> = plugins
        .iter()
        .map(|(name, ok)| Plugin {
            name: (*name).into(),
            ok: *ok,
        })
        .collect();
    let http = Arc::new(HttpMetrics::default());
    let registry = Arc::new(Registry::new());
    let shown = Arc::clone(&http);
    registry.collect(move |out| shown.collect(out));
    let health = Health {
        evaluable: Box::new(move || evaluable),
        bundles_active: Box::new(move || bundles),
        plugins: Box::new(move || plugins.clone()),
        stopping: Box::new(move || stopping),
    };
    Arc::new(Admin {
        health,
        registry,
        http,
    })
}

async fn ask(router: &Router, method: &str, uri: &str) -> (u16, String) {
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .body(Body::empty())
        .expect("request");
    let response = router.clone().oneshot(request).await.expect("infallible");
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 1 << 20).await.expect("body");
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

#[tokio::test]
async fn health() {
    const EVAL: &str = r#"{"error":"unable to perform evaluation"}"#;
    const BUNDLES: &str = r#"{"error":"one or more bundles are not activated"}"#;
    const PLUGINS: &str = r#"{"error":"one or more plugins are not up"}"#;
    const BAD: &[(&str, bool)] = &[("bundle", true), ("a b", false)];
    for (evaluable, bundles, plugins, uri, want) in [
        (true, true, &[][..], "/health", "{}"),
        (true, true, &[], "/health?bundles&plugins", "{}"),
        (false, true, &[], "/health", EVAL),
        (true, false, BAD, "/health", "{}"),
        (true, false, &[], "/health?bundles", BUNDLES),
        (true, false, &[], "/health?bundles=true", BUNDLES),
        (true, false, &[], "/health?bundle=TRUE", BUNDLES),
        (true, false, &[], "/health?bundles=false", "{}"),
        (true, true, BAD, "/health?bundles", "{}"),
        (true, true, BAD, "/health?plugins", PLUGINS),
        (
            true,
            true,
            BAD,
            "/health?plugins&exclude-plugin=bundle",
            PLUGINS,
        ),
        (
            true,
            true,
            BAD,
            "/health?plugins&exclude-plugin=bundle&exclude-plugin=a+b",
            "{}",
        ),
        (
            true,
            true,
            BAD,
            "/health?plugins&exclude-plugin=a%20b",
            "{}",
        ),
        (
            true,
            true,
            BAD,
            "/health?plugins&exclude-plugin=a%2",
            PLUGINS,
        ),
    ] {
        let router = router(admin(evaluable, bundles, plugins, false));
        let status = if want == "{}" { 200 } else { 500 };
        assert_eq!(
            ask(&router, "GET", uri).await,
            (status, want.to_owned()),
            "{uri}"
        );
    }
}

#[tokio::test]
async fn a_stopping_process_is_not_healthy() {
    let router = router(admin(true, true, &[], true));
    assert_eq!(ask(&router, "GET", "/health").await.0, 500);
}

#[tokio::test]
async fn only_get_and_only_two_paths() {
    let router = router(admin(true, true, &[], false));
    for (method, uri, want) in [
        ("HEAD", "/health", 405),
        ("POST", "/health", 405),
        ("HEAD", "/metrics", 405),
        ("GET", "/", 404),
        ("GET", "/health/live", 404),
        ("GET", "/v1/data", 404),
    ] {
        let (status, body) = ask(&router, method, uri).await;
        assert_eq!(status, want, "{method} {uri}");
        assert_eq!(
            body.contains("resource_not_found"),
            want == 404,
            "{method} {uri}: {body}"
        );
    }
}

#[tokio::test]
async fn requests_are_counted() {
    let router = router(admin(true, true, &[], false));
    ask(&router, "GET", "/health").await;
    ask(&router, "GET", "/nowhere").await;
    let (status, text) = ask(&router, "GET", "/metrics").await;
    assert_eq!(status, 200);
    for labels in [
        r#"{code="200",handler="health",method="get"} 1"#,
        r#"{code="404",handler="catchall",method="get"} 1"#,
    ] {
        let line = format!("http_request_duration_seconds_count{labels}");
        assert!(text.lines().any(|shown| shown == line), "{line} in\n{text}");
    }
}
