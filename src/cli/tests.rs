//! Tables of argument lines.

use std::collections::HashMap;

use super::*;
use crate::config::Flags;
use crate::engine::RegoVersion;
use crate::rest::{Authentication, Authorization};
use crate::telemetry::{LogFormat, LogLevel};

fn words(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(OsString::from).collect()
}

fn run_flags(line: &str, env: &[(&str, &str)]) -> Result<Flags, String> {
    let env: HashMap<String, String> = env
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    match parse(words(line), &env)
        .map_err(|error| error.to_string())?
        .command
    {
        Command::Run(args) => Ok(run::flags(*args)),
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn the_canonical_container_arguments_are_understood() {
    let flags = run_flags(
        "opa run --server --config-file=/config/config.yaml --addr=localhost:8181 \
         --diagnostic-addr=0.0.0.0:8282 --ignore=.* /policy/policy.rego",
        &[],
    )
    .expect("understood");
    assert_eq!(
        flags.config_file.as_deref(),
        Some("/config/config.yaml".as_ref())
    );
    assert_eq!(flags.addrs, ["localhost:8181"]);
    assert_eq!(flags.diagnostic_addrs, ["0.0.0.0:8282"]);
    assert_eq!(flags.ignore, [".*"]);
    assert_eq!(flags.paths, ["/policy/policy.rego"]);
    assert_eq!(run_flags("regate run", &[]), Ok(Flags::default()));
}

#[test]
fn flags_are_read_as_opa_reads_them() {
    type Change = fn(&mut Flags);
    let table: [(&str, Change); 18] = [
        ("-s -b bundle", |f| {
            f.bundle = true;
            f.paths = vec!["bundle".into()];
        }),
        ("-sb bundle", |f| {
            f.bundle = true;
            f.paths = vec!["bundle".into()];
        }),
        ("-b=false x", |f| f.paths = vec!["x".into()]),
        ("--server=true --watch", |f| f.watch = true),
        ("-w --watch=false", |f| f.watch = false),
        ("-a :1 -a :2,:3", |f| {
            f.addrs = vec![":1".into(), ":2".into(), ":3".into()];
        }),
        ("--set a=1,b=2 --set=c=3", |f| {
            f.set = vec!["a=1,b=2".into(), "c=3".into()];
        }),
        ("--set-file a=b x -- --y", |f| {
            f.set_file = vec!["a=b".into()];
            f.paths = vec!["x".into(), "--y".into()];
        }),
        ("-l debug --log-format text", |f| {
            f.log.level = LogLevel::Debug;
            f.log.format = LogFormat::Text;
        }),
        ("--log-level=info --log-level=error", |f| {
            f.log.level = LogLevel::Error;
        }),
        ("--v0-compatible --v1-compatible", |f| {
            f.rego_version = RegoVersion::V0;
        }),
        (
            "--v1-compatible --disable-telemetry --skip-version-check=true -f json",
            |_| {},
        ),
        (
            "--shutdown-grace-period 3 --shutdown-wait-period=4 --ready-timeout 5",
            |f| {
                f.process.shutdown_grace_period = std::time::Duration::from_secs(3);
                f.process.shutdown_wait_period = std::time::Duration::from_secs(4);
                f.process.ready_timeout = std::time::Duration::from_secs(5);
            },
        ),
        (
            "--tls-cert-refresh-period 1m30s --min-tls-version 1.3",
            |f| {
                f.tls.cert_refresh_period = std::time::Duration::from_secs(90);
                f.tls.min_version = crate::tls::TlsVersion::V1_3;
            },
        ),
        ("-m 3 --h2c --unix-socket-perm 700", |f| {
            f.max_errors = 3;
            f.h2c = true;
            f.process.unix_socket_perm = 0o700;
        }),
        ("--authentication=off --authorization off", |_| {}),
        (
            "--authentication=token --authorization basic --pprof",
            |f| {
                f.authentication = Authentication::Token;
                f.authorization = Authorization::Basic;
                f.pprof = true;
            },
        ),
        ("--tls-cipher-suites A,B --authentication tls", |f| {
            f.tls.cipher_suites = vec!["A".to_owned(), "B".to_owned()];
            f.authentication = Authentication::Tls;
        }),
    ];
    for (line, change) in table {
        let mut want = Flags::default();
        change(&mut want);
        assert_eq!(
            run_flags(&format!("opa run {line}"), &[]),
            Ok(want),
            "`{line}`"
        );
    }
}

#[test]
fn the_environment_sets_flags_that_the_line_does_not() {
    let env = [
        ("OPA_RUN_LOG_LEVEL", "debug"),
        ("OPA_RUN_ADDR", ":1,:2"),
        ("OPA_RUN_SET", "a=1,b=2"),
        ("OPA_RUN_WATCH", "true"),
        ("OPA_RUN_H2C", ""),
    ];
    let flags = run_flags("regate run --addr :9 policy.rego", &env).expect("understood");
    assert_eq!(flags.log.level, LogLevel::Debug);
    assert_eq!(flags.addrs, [":9"]);
    assert_eq!(flags.set, ["a=1,b=2"]);
    assert_eq!(flags.paths, ["policy.rego"]);
    assert!(flags.watch && !flags.h2c);
    let error = run_flags("regate run", &[("OPA_RUN_LOG_LEVEL", "loud")]).expect_err("bad");
    assert!(error.contains("expected debug, info or error"), "{error}");
}

#[test]
fn what_cannot_be_served_is_refused_with_a_reason() {
    let table = [
        (
            "run --authentication=password",
            "expected off, token or tls",
        ),
        ("run --authorization full", "expected off or basic"),
        (
            "run --min-tls-version 1.1",
            "TLS 1.0 and 1.1 are not spoken",
        ),
        ("run --log-level warn", "expected debug, info or error"),
        (
            "run --unix-socket-perm 999",
            "expected a file mode in octal",
        ),
        ("run --tls-cert-refresh-period 5", "expected a duration"),
        ("run --watch=maybe", "expected true or false"),
        ("run --confg-file x", "--config-file"),
        ("evil data", "unrecognized subcommand"),
    ];
    for (line, part) in table {
        let error = parse(words(&format!("regate {line}")), &HashMap::new()).expect_err(line);
        assert!(error.to_string().contains(part), "`{line}`: {error}");
    }
    for line in [
        "run --skip-verify",
        "run --tls-cipher-suites x",
        "run --authentication=tls",
        "run --tls-cert-file x --tls-private-key-file y --authentication=tls",
        "run --scope x",
    ] {
        assert_eq!(
            main(words(&format!("regate {line}"))),
            Exit::Usage,
            "`{line}`"
        );
    }
}

#[test]
fn clap_finds_no_fault_in_the_definition() {
    command().debug_assert();
}

#[test]
fn the_engine_is_the_one_that_is_built_in() {
    let manifest = include_str!("../../Cargo.toml");
    let (name, version) = version::ENGINE.split_once(' ').expect("two words");
    assert!(manifest.contains(&format!("{name} = {{ version = \"={version}\"")));
}

#[test]
fn every_flag_is_documented() {
    let document = include_str!("../../docs/CONFIG.md");
    let command = command();
    let run = command.find_subcommand("run").expect("run");
    for flag in run
        .get_arguments()
        .filter_map(clap::Arg::get_long)
        .filter(|long| *long != "help")
    {
        assert!(document.contains(&format!("`--{flag}`")), "--{flag}");
    }
}

#[test]
fn completions_are_written_for_every_shell() {
    for shell in clap::ValueEnum::value_variants() {
        let shell: &clap_complete::Shell = shell;
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut command(), "regate", &mut script);
        assert!(
            String::from_utf8_lossy(&script).contains("shutdown-grace-period"),
            "{shell}"
        );
    }
}
