//! The configuration: files under `tests/cases/config`, the recorded cases' configurations, the
//! table in `docs/CONFIG.md`, and `config check` as a program.
//!
//! A case file is a configuration whose first lines say what is expected: `#! error …` and
//! `#! warning …` name every message, `#! has …` a line of the effective configuration, `#! set …`
//! and `#! env …` what is given beside the file.

#![expect(clippy::print_stderr, reason = "what is skipped is said")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use regate::config::{Config, Flags, Loaded, schema};
use regate::engine::{Entrypoint, MemoryLimits};
use regate::grpc::Address;
use regate::http::credentials::{Credentials, TokenSource, bearer};

type Env = HashMap<String, String>;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn load(file: &Path, set: Vec<String>, env: &Env) -> Result<Loaded, String> {
    let flags = Flags {
        config_file: Some(file.to_owned()),
        set,
        ..Flags::default()
    };
    Config::load(&flags, env).map_err(|error| {
        error
            .to_string()
            .replace(&file.display().to_string(), "config.yaml")
    })
}

fn load_text(text: &str) -> Result<Loaded, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config.yaml");
    std::fs::write(&file, text).expect("written");
    load(&file, Vec::new(), &Env::new())
}

#[test]
fn every_case_is_accepted_or_refused_as_it_says() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join("tests/cases/config"))
        .expect("the cases")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    assert!(files.len() > 20, "only {} cases", files.len());
    let wrong: Vec<String> = files.iter().filter_map(|file| differs(file)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn differs(file: &Path) -> Option<String> {
    let text = std::fs::read_to_string(file).expect("readable");
    let says = |word: &str| -> Vec<String> {
        let prefix = format!("#! {word} ");
        text.lines()
            .filter_map(|line| line.strip_prefix(&prefix))
            .map(str::to_owned)
            .collect()
    };
    let env: Env = says("env")
        .iter()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut want: Vec<String> = says("error");
    let got: Vec<String> = match load(file, says("set"), &env) {
        Err(error) => error.lines().map(str::to_owned).collect(),
        Ok(loaded) => {
            want.extend(says("warning"));
            want.extend(says("has"));
            let shown = file.display().to_string();
            let warnings = loaded.warnings.iter();
            let mut got: Vec<String> = warnings
                .map(|w| w.to_string().replace(&shown, "config.yaml"))
                .collect();
            let yaml = loaded.effective.to_yaml();
            assert!(
                !yaml.contains("hush-hush"),
                "{}: a secret is shown",
                file.display()
            );
            got.extend(
                says("has")
                    .into_iter()
                    .filter(|line| yaml.lines().any(|l| l == line)),
            );
            got
        }
    };
    (got != want).then(|| {
        format!(
            "{}:\n got  {}\n want {}",
            file.display(),
            got.join("\n      "),
            want.join("\n      ")
        )
    })
}

#[test]
fn the_rooms_get_what_the_file_says() {
    let loaded = load_text(
        "labels: {app: edge}\n\
         services:\n  acme:\n    url: https://a.example.com\n    headers: {X: z}\n\
         \x20   credentials: {bearer: {token_path: /t, scheme: Token}}\n\
         bundles:\n  authz: {persist: true, polling: {min_delay_seconds: 1, max_delay_seconds: 2}}\n\
         decision_logs: {console: true, mask_decision: a/b}\n\
         nd_builtin_cache: true\n\
         persistence_directory: /data\n\
         plugins:\n  envoy_ext_authz_grpc:\n    addr: ['unix:///run/a.sock', ':1']\n\
         \x20   socket-mode: '0660'\n    query: data.a.b\n    max-eval-time: 250ms\n\
         \x20   decision-id-header: X-Decision\n",
    )
    .expect("accepted");
    let Config {
        authz,
        instance,
        decision_log,
        ..
    } = loaded.config;
    let socket = Address::Unix {
        path: "/run/a.sock".into(),
        mode: Some(0o660),
    };
    assert_eq!(authz.addrs, [socket, Address::Tcp(":1".to_owned())]);
    assert_eq!(authz.entrypoint, Entrypoint::Query("data.a.b".to_owned()));
    assert_eq!(authz.max_eval_time, Duration::from_millis(250));
    assert_eq!(authz.max_recv_msg_size, 4_194_304);
    assert_eq!(authz.max_send_msg_size, 2_147_483_647);
    assert_eq!(authz.duration_buckets.len(), 11);
    assert_eq!(authz.decision_id_header.as_deref(), Some("x-decision"));
    assert_eq!(
        instance.services[0].headers,
        [("X".to_owned(), "z".to_owned())]
    );
    assert_eq!(
        instance.services[0].credentials,
        Credentials::Bearer(bearer::Config {
            token: TokenSource::File("/t".into()),
            scheme: "Token".to_owned(),
            encode: None,
        })
    );
    let bundle = &instance.bundles[0];
    assert_eq!(
        (bundle.name.as_str(), bundle.resource.as_str()),
        ("authz", "bundles/authz")
    );
    assert_eq!(bundle.service.as_deref(), Some("acme"));
    assert_eq!(
        (bundle.min_delay.as_secs(), bundle.max_delay.as_secs()),
        (1, 2)
    );
    assert!(bundle.persist && bundle.size_limit == 1 << 30);
    assert_eq!(instance.persistence_directory, PathBuf::from("/data"));
    assert!(decision_log.console && decision_log.nd_builtin_cache);
    assert_eq!(decision_log.mask_decision, "a/b");
    assert_eq!(decision_log.labels, [("app".to_owned(), "edge".to_owned())]);
}

#[test]
fn policies_see_the_configuration_without_its_secrets() {
    let flags = Flags {
        set: vec!["labels.zone=a".to_owned()],
        ..Flags::default()
    };
    let env = Env::from([("TOKEN".to_owned(), "t0p".to_owned())]);
    let text = "labels: {app: edge}\n\
         services:\n  acme:\n    url: https://u:t0p@a.example.com/x\n    headers: {X: t0p}\n\
         \x20   credentials: {bearer: {token: '${TOKEN}'}}\n";
    let loaded = Config::from_text(text, &flags, &env).expect("accepted");

    let runtime = loaded.config.instance.runtime;
    let member = |name: &str| runtime.get_str(name).map(ToString::to_string);
    let config = r#"{"labels": {"app": "edge", "zone": "a"}, "services": {"acme": {"headers": {"X": "(hidden)"}, "url": "https://(hidden)@a.example.com/x"}}}"#;
    assert_eq!(member("config").as_deref(), Some(config));
    assert_eq!(member("env").as_deref(), Some(r#"{"TOKEN": "t0p"}"#));
    let version = format!("\"{}\"", env!("CARGO_PKG_VERSION"));
    assert_eq!(member("version"), Some(version));
}

#[test]
fn the_environment_says_how_long_http_send_waits() {
    for (said, want) in [
        ("", Ok(Duration::from_secs(5))),
        ("300ms", Ok(Duration::from_millis(300))),
        ("0s", Ok(Duration::ZERO)),
        ("5", Err("HTTP_SEND_TIMEOUT: expected a duration")),
    ] {
        let env = Env::from([("HTTP_SEND_TIMEOUT".to_owned(), said.to_owned())]);
        let loaded = Config::from_text("", &Flags::default(), &env);
        match (loaded, want) {
            (Ok(loaded), Ok(want)) => assert_eq!(loaded.config.http_send_timeout, want, "{said}"),
            (Err(error), Err(want)) => assert!(error.to_string().starts_with(want), "{error}"),
            (loaded, want) => panic!("{said}: {loaded:?}, wanted {want:?}"),
        }
    }
}

#[test]
fn arguments_that_are_urls_become_bundles() {
    let flags = Flags {
        paths: vec![
            "https://a.example.com/b.tar.gz?x=1".to_owned(),
            "file:///p.rego".to_owned(),
        ],
        ..Flags::default()
    };
    let loaded = Config::load(&flags, &Env::new()).expect("accepted");
    let instance = loaded.config.instance;
    assert_eq!(instance.services[0].url, "https://a.example.com");
    assert_eq!(instance.bundles[0].name, "cli1");
    assert_eq!(instance.bundles[0].resource, "/b.tar.gz?x=1");
    assert!(instance.bundles[0].persist);
    assert_eq!(instance.paths, [PathBuf::from("/p.rego")]);
}

#[test]
fn every_recorded_configuration_loads_or_fails_as_it_did() {
    let folder = std::env::var_os("REGATE_CONFORMANCE")
        .map_or_else(|| root().join("../shared/conformance"), PathBuf::from)
        .join("ext_authz");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "no cases in {}",
            folder.display()
        );
        eprintln!("SKIPPED: no recorded cases in {}", folder.display());
        return;
    };
    let mut seen = 0;
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        seen += 1;
        let text = std::fs::read_to_string(&path).expect("readable");
        check_recorded(serde_json::from_str(&text).expect("a case"));
    }
    assert!(seen > 80, "only {seen} cases in {}", folder.display());
}

/// What of a recorded case concerns the configuration.
#[derive(serde::Deserialize)]
struct Recorded {
    name: String,
    config: Option<serde_json::Value>,
    #[serde(default)]
    args: Vec<String>,
    events: Option<String>,
}

fn check_recorded(case: Recorded) {
    let Recorded {
        name,
        config,
        args,
        events,
    } = case;
    let mut config = config.unwrap_or_else(|| serde_json::json!({}));
    if events.as_deref() == Some("upload") {
        config["services"] = serde_json::json!({"sink": {"url": "http://127.0.0.1:1"}});
    }
    let set = args
        .windows(2)
        .filter(|pair| pair[0] == "--set")
        .map(|pair| pair[1].clone());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config.yaml");
    std::fs::write(&file, config.to_string()).expect("written");
    let result = load(&file, set.collect(), &Env::new());
    match name.as_str() {
        "start-path-and-query" | "start-unknown-plugin" => assert!(result.is_err(), "{name}"),
        _ => {
            let loaded = result.unwrap_or_else(|error| panic!("{name}: {error}"));
            let path = config
                .pointer("/plugins/envoy_ext_authz_grpc/path")
                .and_then(|p| p.as_str());
            if let (Some(path), true) = (path, args.is_empty()) {
                assert_eq!(
                    loaded.config.authz.entrypoint,
                    Entrypoint::Path(path.to_owned())
                );
            }
        }
    }
}

#[test]
fn what_built_ins_remember_is_bounded_as_the_file_says() {
    let cache = |keys: &str| {
        let text = format!(
            "plugins: {{envoy_ext_authz_grpc: {{}}}}\n\
             caching: {{inter_query_builtin_value_cache: {{{keys}}}}}\n"
        );
        let loaded = load_text(&text).expect("accepted");
        let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
        assert!(warnings.is_empty(), "{keys}: {warnings:?}");
        loaded.config.instance.memory
    };
    for (keys, tokens, patterns) in [
        ("", None, None),
        ("max_num_entries: 7", None, Some(7)),
        ("max_num_entries: 0", None, None),
        ("named: {io_jwt: {}}", None, None),
        ("named: {io_jwt: {max_num_entries: 10}}", Some(10), None),
        ("named: {io_jwt: {max_num_entries: 0}}", None, None),
        ("named: {io_jwt: {disabled: true}}", Some(0), None),
        (
            "named: {io_jwt: {disabled: false, max_num_entries: 3}}",
            Some(3),
            None,
        ),
        (
            "named: {io_jwt: {disabled: true, max_num_entries: 3}}",
            Some(0),
            None,
        ),
    ] {
        assert_eq!(cache(keys), MemoryLimits { tokens, patterns }, "{keys}");
    }
}

/// `REGATE_BLESS=1` writes the table instead of comparing it.
#[test]
fn the_documented_keys_are_the_keys() {
    const BEGIN: &str = "<!-- keys: written by the test `the_documented_keys_are_the_keys` -->\n";
    const END: &str = "<!-- end of keys -->";
    let file = root().join("docs/CONFIG.md");
    let text = std::fs::read_to_string(&file).expect("docs/CONFIG.md");
    let (before, rest) = text.split_once(BEGIN).expect("the begin of the table");
    let (documented, after) = rest.split_once(END).expect("the end of the table");
    let table = key_table();
    if std::env::var_os("REGATE_BLESS").is_some() {
        std::fs::write(&file, format!("{before}{BEGIN}{table}{END}{after}")).expect("written");
    } else {
        assert_eq!(
            documented, table,
            "run this test with REGATE_BLESS=1 to write the table"
        );
    }
}

fn key_table() -> String {
    let mut table = String::new();
    let mut section = "";
    for key in schema::keys() {
        let top = key.path.split('.').next().unwrap_or_default();
        if top != section {
            section = top;
            let head =
                "| key | takes | default | state | from | meaning |\n|---|---|---|---|---|---|";
            writeln!(table, "\n### `{top}`\n\n{head}").expect("a string");
        }
        let default = key
            .default
            .map_or_else(|| "–".to_owned(), |text| format!("`{text}`"));
        let from = if key.ours { "regate" } else { "OPA" };
        writeln!(
            table,
            "| `{}` | {} | {default} | {} | {from} | {}{} |",
            key.path,
            key.kind,
            key.state,
            key.note,
            if key.secret { "; never shown" } else { "" },
        )
        .expect("a string");
    }
    table.push('\n');
    table
}

#[test]
fn keys_are_listed_once_and_below_their_section() {
    let mut seen: Vec<&str> = Vec::new();
    for key in schema::keys() {
        assert!(!seen.contains(&key.path), "{} stands there twice", key.path);
        if let Some((parent, _)) = key.path.rsplit_once('.') {
            assert!(
                seen.contains(&parent),
                "{} comes before its section",
                key.path
            );
        }
        seen.push(key.path);
    }
}

#[test]
fn config_check_prints_what_is_in_force_and_ends_with_64_when_it_is_wrong() {
    let run = |case: &str, more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_regate"))
            .current_dir(root().join("tests/cases/config"))
            .args(["config", "check", case])
            .args(more)
            .output()
            .expect("it runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let (code, stdout, stderr) = run(
        "quick-start.yaml",
        &["--set", "labels.a=b", "--format=json"],
    );
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let json: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(
        json["plugins"]["envoy_ext_authz_grpc"]["path"],
        "istio/authz/allow"
    );
    assert_eq!(json["labels"]["a"], "b");

    let (code, stdout, stderr) = run("unknown-keys.yaml", &[]);
    assert_eq!(code, Some(0));
    assert!(
        stdout.starts_with("decision_logs:\n  console: true\n"),
        "{stdout}"
    );
    assert_eq!(stderr.lines().count(), 4);
    let first = "warning: unknown-keys.yaml:6: unknown configuration option \"unknown_section\"";
    assert!(stderr.starts_with(first), "{stderr}");

    let (code, stdout, stderr) = run("path-and-query.yaml", &[]);
    assert_eq!((code, stdout.as_str()), (Some(64), ""));
    assert!(
        stderr.starts_with("error: path-and-query.yaml:5: "),
        "{stderr}"
    );

    let (code, _, stderr) = run("missing.yaml", &[]);
    assert_eq!(code, Some(64));
    assert!(
        stderr.starts_with("error: missing.yaml: cannot be read: "),
        "{stderr}"
    );
}

proptest::proptest! {
    /// Lines of real configurations in any order, with odd values, never end the process.
    #[test]
    fn no_configuration_makes_it_panic(
        lines in proptest::collection::vec((0_usize..400, 0_usize..8), 0..30),
        set in "[a-c.=,{}\\[\\]0-9\\\\]{0,20}",
    ) {
        let values = ["", " 1", " x", " []", " {}", " [1, a]", " null", " ${HOME}"];
        let keys: Vec<&str> = schema::keys().map(|key| key.path).collect();
        let mut text = String::new();
        for (key, value) in lines {
            let path = keys[key % keys.len()];
            let depth = path.matches('.').count();
            let name = path.rsplit('.').next().unwrap_or_default().replace('*', "any");
            text.push_str(&" ".repeat(depth));
            text.push_str(&name);
            text.push(':');
            text.push_str(values[value]);
            text.push('\n');
        }
        let flags = Flags { set: vec![set], ..Flags::default() };
        let _ = Config::from_text(&text, &flags, &Env::new());
    }
}

#[test]
fn uploads_of_decision_logs_are_configured_as_opa_would_take_them() {
    // What `opa` 1.22 says to the same: refused or not.
    for (reporting, accepted) in [
        ("{}", true),
        (
            "{buffer_size_limit_bytes: 10, max_decisions_per_second: 3}",
            false,
        ),
        ("{buffer_type: event, buffer_size_limit_bytes: 10}", false),
        ("{buffer_type: size, buffer_size_limit_events: 10}", false),
        ("{buffer_size_limit_events: 10}", false),
        ("{buffer_type: event, max_decisions_per_second: 3}", true),
        ("{min_delay_seconds: 10, max_delay_seconds: 5}", false),
        ("{min_delay_seconds: 10}", false),
        ("{max_delay_seconds: 10}", false),
        ("{upload_size_limit_bytes: 10}", true),
        ("{buffer_type: blue}", false),
        ("{trigger: blue}", false),
        ("{buffer_type: event, buffer_size_limit_events: 0}", false),
        ("{buffer_size_limit_bytes: -5}", false),
    ] {
        let text = format!(
            "services: {{s: {{url: \"http://s\"}}}}\ndecision_logs: {{reporting: {reporting}}}\n"
        );
        assert_eq!(load_text(&text).is_ok(), accepted, "{reporting}");
    }
}

#[test]
fn the_service_of_decision_logs_is_the_named_one_or_the_only_one() {
    let two = "a: {url: \"http://a\"}, b: {url: \"http://b\"}";
    let one = "a: {url: \"http://a\"}";
    for (services, logs, want) in [
        (one, "{}", Ok(Some("a /logs"))),
        (one, "{console: true}", Ok(None)),
        (
            one,
            "{console: true, service: a, resource: /x}",
            Ok(Some("a /x")),
        ),
        (
            two,
            "{service: b, partition_name: a/b ü%}",
            Ok(Some("b /logs/a/b%20%C3%BC%25")),
        ),
        (two, "{console: true}", Ok(None)),
        ("", "{}", Ok(None)),
        (two, "{}", Err("name the one")),
        (two, "{service: c}", Err("no service `c`")),
        (one, "{file: {}}", Err("expected a path in `path`")),
        (
            one,
            "{spool: {max_bytes: 3}}",
            Err("expected a path in `directory`"),
        ),
        (
            one,
            "{reporting: {max_decisions_per_second: 0}}",
            Err("more than 0"),
        ),
    ] {
        let text = format!("services: {{{services}}}\ndecision_logs: {logs}\n");
        let got = load_text(&text).map(|loaded| {
            let upload = loaded.config.decision_log.upload;
            upload.map(|upload| format!("{} {}", upload.service, upload.resource))
        });
        match want {
            Ok(want) => assert_eq!(got.as_ref().map(Option::as_deref), Ok(want), "{logs}"),
            Err(part) => assert!(
                got.as_ref().is_err_and(|e| e.contains(part)),
                "{logs}: {got:?}"
            ),
        }
    }
}
