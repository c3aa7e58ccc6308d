//! The Check path's parts: what all data threads share, and what each gets of its own.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use tokio::runtime;

use super::RunError;
use super::bind::STACK;
use super::observe::Observed;
use super::serve::Clients;
use super::watch::Readiness;
use crate::authz::body::Descriptor;
use crate::authz::check::{Checker, Shared};
use crate::authz::heavy::{self, Heavy};
use crate::authz::http::{self as http_authz, HttpOptions, HttpResponder};
use crate::authz::input::InputBuilder;
use crate::authz::later::Later;
use crate::authz::logging::{PolicyRules, RecordInputs};
use crate::authz::response::Responder;
use crate::authz::service::Service;
use crate::config::Config;
use crate::decision_log::{Intake, Log, Parts, Producer, Subject, Way};
use crate::engine::Entrypoint;
use crate::grpc::{self, Routes};
use crate::http::server;
use crate::instance::Instance;
use crate::outside::{Facts, Outside};
use crate::proto::service::{AUTHORIZATION_V2, AUTHORIZATION_V3};
use crate::task::{self, DrainGuard, Shutdown};
use crate::telemetry::LineFormat;
use crate::telemetry::metrics::CheckMetrics;
use crate::telemetry::trace::Tracer;

/// How many threads take evaluations that gave way.
const HEAVY_THREADS: usize = 2;

/// Makes checkers, one for each thread that answers.
#[derive(Debug, Clone)]
pub(super) struct Checks {
    shared: Arc<Shared>,
    log: Option<Intake>,
    metrics: Arc<CheckMetrics>,
    responder: Responder,
    http: HttpOptions,
    later: Later,
    outside: Outside,
}

/// What a policy is asked, by the numbers that `authz` gives it: the decision, and what the decision
/// log asks.
pub(super) fn entrypoints(config: &Config) -> Vec<Entrypoint> {
    let log = &config.decision_log;
    vec![
        config.authz.entrypoint.clone(),
        Entrypoint::Path(log.mask_decision.clone()),
        Entrypoint::Path(log.drop_decision.clone()),
    ]
}

/// What the gRPC listener serves beside Check.
pub(super) async fn fallback_routes(
    config: &Config,
    readiness: &Readiness,
) -> Result<Routes, RunError> {
    let services = [AUTHORIZATION_V3, AUTHORIZATION_V2];
    let (routes, health) = grpc::health::add(Routes::default(), &services).await;
    task::spawn("grpc health", health.follow(readiness.receiver()));
    if config.authz.enable_reflection {
        return grpc::reflection::add(routes).map_err(RunError::failed);
    }
    Ok(routes)
}

// === impl Checks ===

impl Checks {
    /// Starts the decision log, if there is one, and joins the parts.
    pub(super) fn new(
        config: &Config,
        instance: &Instance,
        tracer: Option<Arc<Tracer>>,
        observed: &Observed,
        (decisions, clients): (Box<dyn Write + Send>, &Clients),
    ) -> Result<(Self, Option<Log>), RunError> {
        let authz = &config.authz;
        let input = Arc::new(InputBuilder {
            skip_body: authz.skip_request_body_parse,
            body_errors: authz.parsed_body_errors,
            encoding: authz.input_encoding,
            descriptor: authz
                .proto_descriptor
                .as_deref()
                .map(descriptor)
                .transpose()?,
        });
        let log = config
            .decision_log
            .has_sinks()
            .then(|| start_log(config, instance, &input, decisions, clients))
            .transpose()?;
        if let Some(log) = &log {
            observed.decision_log(log.counters());
        }
        let outside = Outside::new(config.cache, config.http_send_timeout);
        observed.outside(&outside);
        let (shared, intake, metrics) = (
            Arc::new(Shared {
                known: outside.known_beside(facts(instance)),
                input,
                policy: instance.cell(),
                max_eval_time: authz.max_eval_time,
                nd_builtin_cache: config.decision_log.nd_builtin_cache,
                tracer,
                entrypoint: entrypoint(&authz.entrypoint).to_owned(),
            }),
            log.as_ref().map(Log::intake),
            observed.checks(),
        );
        let heavy = Heavy::start(HEAVY_THREADS, STACK, || {
            let log = intake.as_ref().map(Intake::producer);
            Checker::new(Arc::clone(&shared), log, metrics.recorder(), None)
        });
        let checks = Self {
            later: Later::new(
                heavy.map_err(RunError::failed)?,
                outside.clone(),
                runtime::Handle::current(),
            ),
            outside,
            shared,
            log: intake,
            metrics,
            responder: Responder {
                dry_run: authz.dry_run,
                error_response: authz.error_response,
                decision_id_header: authz.decision_id_header.clone(),
            },
            http: HttpOptions {
                max_body: authz.max_recv_msg_size,
                max_checks: authz.max_concurrent_checks,
                forwarded_headers: authz.http_forwarded_headers,
            },
        };
        Ok((checks, log))
    }

    /// What policies ask of the world, which the REST API asks too.
    pub(super) fn outside(&self) -> Outside {
        self.outside.clone()
    }

    /// The way into the decision log, if there is one.
    pub(super) fn producer(&self) -> Option<Producer> {
        self.log.as_ref().map(Intake::producer)
    }

    /// Makes the service of each data thread.
    pub(super) fn maker(&self) -> impl Fn(usize) -> Service + Send + Sync + 'static {
        let checks = self.clone();
        move |_| {
            let (responder, later) = (checks.responder.clone(), checks.later.clone());
            Service::new(checks.checker(), responder, later)
        }
    }

    /// Serves HTTP ext_authz on a thread of its own, for it evaluates in line too.
    pub(super) fn serve_http(
        &self,
        bound: server::Bound,
        stopping: &Shutdown,
        guard: &DrainGuard,
    ) -> io::Result<()> {
        let responder = HttpResponder {
            dry_run: self.responder.dry_run,
            decision_id_header: self.responder.decision_id_header.clone(),
        };
        let router = http_authz::router(self.checker(), responder, self.http, self.later.clone());
        let (stopping, guard) = (stopping.clone(), guard.clone());
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let serve = async move {
            let (drain, own) = task::drain();
            if let Err(error) = bound.serve(&router, &stopping, &own) {
                tracing::error!(%error, "HTTP ext_authz cannot be served.");
            }
            drop(own);
            drain.wait().await;
            drop(guard);
        };
        thread::Builder::new()
            .name("http-authz".to_owned())
            .stack_size(STACK)
            .spawn(move || runtime.block_on(serve))?;
        Ok(())
    }

    fn checker(&self) -> Checker {
        Checker::new(
            Arc::clone(&self.shared),
            self.log.as_ref().map(Intake::producer),
            self.metrics.recorder(),
            Some(heavy::STEPS),
        )
    }
}

/// What policies may know of this program.
fn facts(instance: &Instance) -> Facts {
    let freshness = instance.freshness();
    Box::new(move |name| freshness.fact(name))
}

fn descriptor(path: &Path) -> Result<Arc<Descriptor>, RunError> {
    let key = "plugins.envoy_ext_authz_grpc.proto-descriptor";
    let bytes = std::fs::read(path).map_err(|error| {
        RunError::Config(format!("{key}: cannot read `{}`: {error}", path.display()))
    })?;
    let descriptor = Descriptor::load(&bytes)
        .map_err(|error| RunError::Config(format!("{key}: `{}`: {error}", path.display())))?;
    Ok(Arc::new(descriptor))
}

fn start_log(
    config: &Config,
    instance: &Instance,
    input: &Arc<InputBuilder>,
    sink: Box<dyn Write + Send>,
    clients: &Clients,
) -> Result<Log, RunError> {
    let service = config.decision_log.upload.as_ref();
    let client = service.and_then(|upload| clients.get(&upload.service));
    let parts = Parts {
        sink,
        line: LineFormat::new(&config.log).map_err(RunError::config)?,
        subject: match &config.authz.entrypoint {
            Entrypoint::Path(path) => Subject::Path(path.clone()),
            Entrypoint::Query(query) => Subject::Query(query.clone()),
        },
        inputs: Box::new(RecordInputs {
            builder: Arc::clone(input),
        }),
        rules: Some(Box::new(PolicyRules::new(instance.cell()))),
        way: client.map(|client| Way {
            client: client.clone(),
            runtime: runtime::Handle::current(),
        }),
    };
    Log::spawn(config.decision_log.clone(), parts).map_err(RunError::failed)
}

fn entrypoint(entrypoint: &Entrypoint) -> &str {
    match entrypoint {
        Entrypoint::Path(text) | Entrypoint::Query(text) => text,
    }
}
