//! One Check, from bytes to answer: scan, parse, evaluate, answer, record.
//!
//! A [`Checker`] belongs to one thread. Whatever goes wrong in it ends as a [`CheckError`], and a
//! [`CheckError`] is never an allow. An evaluation that takes many steps, or that asks for what is outside, is put
//! off: the Check is run again, from its message on, by a checker of [`heavy`](super::heavy)'s threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;

use super::complaints::Complaints;
use super::held::{self, Held};
use super::refusal::{defect, no_id, no_policy, overload, stale_policy, timed_out, unlogged};
use crate::authz::input::InputBuilder;
use crate::authz::response::Context;
use crate::authz::verdict::Verdict;
use crate::authz::wire::{self, WireError};
use crate::data::Value;
use crate::decision::{ApiVersion, CheckError, DecisionId, Record, Stage, Timers, TraceIds};
use crate::decision_log::Producer;
use crate::engine::{
    Answer as Told, Budget, EvalError, EvalErrorKind, Evaluator, Known, Question, World,
};
use crate::instance::{Cell, Snapshot};
use crate::telemetry::metrics::{self, Outcome, Recorder};
use crate::telemetry::trace::{self, CheckSpan, Parent, Tracer};

/// The entrypoint that decides, among those that a policy is compiled with.
pub const DECISION: usize = 0;

/// The name of a Check's span.
const SPAN: &str = "envoy.service.auth.v3.Authorization/Check";

/// What every data thread shares.
#[derive(Debug)]
pub struct Shared {
    /// How inputs are made.
    pub input: Arc<InputBuilder>,
    /// The living policy.
    pub policy: Cell,
    /// `max-eval-time`.
    pub max_eval_time: Duration,
    /// What policies may learn of the world without waiting.
    pub known: Arc<dyn Known>,
    /// `nd_builtin_cache`: records carry what non-deterministic built-ins gave.
    pub nd_builtin_cache: bool,
    /// Spans, when they are configured.
    pub tracer: Option<Arc<Tracer>>,
    /// The text that stands for the decision in log lines.
    pub entrypoint: String,
}

/// The Check path of one thread.
#[derive(Debug)]
pub struct Checker {
    shared: Arc<Shared>,
    evaluator: Option<(u64, Evaluator)>,
    log: Option<Producer>,
    metrics: Recorder,
    complaints: Complaints,
    /// How many steps an evaluation may take before it gives way.
    steps: Option<u64>,
}

/// What became of a Check.
#[derive(Debug)]
pub enum Checked<T> {
    /// It is answered.
    Answered(T),
    /// It takes longer than others should wait for, or waits itself: see [`Run::question`].
    PutOff(Box<Run>),
    /// Its answer waits for room in the decision log.
    Held(Box<Held<T>>),
}

/// One call, whatever it came in by.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it borrows a function")]
pub struct Call<'a> {
    /// The API of `message`.
    pub version: ApiVersion,
    /// When the call arrived.
    pub received: Instant,
    /// When its caller stops waiting.
    pub deadline: Option<Instant>,
    /// Looks up the call's metadata, for trace propagation.
    pub metadata: &'a dyn Fn(&str) -> Option<&'a str>,
}

/// Makes the answers of one protocol.
pub trait Answer {
    /// What an answer is.
    type Output;

    /// The answer to a verdict, or why it cannot be sent.
    fn verdict(
        &self,
        verdict: &Verdict<'_>,
        context: Context<'_>,
    ) -> Result<Self::Output, CheckError>;

    /// The answer to a failure; never an allow.
    fn error(&self, error: &CheckError, version: ApiVersion) -> Self::Output;

    /// The answer to bytes that are no request at all; it leaves no record.
    fn undecodable(&self, error: &WireError) -> Self::Output;
}

/// What is known of a Check while it runs.
#[derive(Debug)]
pub struct Run {
    version: ApiVersion,
    received: Instant,
    deadline: Option<Instant>,
    message: Bytes,
    id: DecisionId,
    timestamp: SystemTime,
    snapshot: Option<Arc<Snapshot>>,
    span: Option<CheckSpan>,
    timers: Timers,
    world: World,
    /// The labels of the rules that held.
    rule_labels: Box<[Value]>,
    /// When its evaluation must have ended, once it has begun.
    latest: Option<Instant>,
}

/// Why there is no decision.
enum Undecided {
    Failed(CheckError),
    PutOff,
}

/// An answer, and what the record says of it.
struct Answered<T> {
    output: T,
    outcome: Outcome,
    result: Result<Value, CheckError>,
}

// === impl Checker ===

impl Checker {
    /// A checker for one thread.
    ///
    /// With `steps`, an evaluation that takes more gives way to other calls.
    pub fn new(
        shared: Arc<Shared>,
        log: Option<Producer>,
        metrics: Recorder,
        steps: Option<u64>,
    ) -> Self {
        Self {
            shared,
            evaluator: None,
            log,
            metrics,
            complaints: Complaints::default(),
            steps,
        }
    }

    /// Answers one call and leaves its record, or puts it off.
    pub fn check<A: Answer>(
        &mut self,
        answer: &A,
        call: Call<'_>,
        message: &Bytes,
    ) -> Checked<A::Output> {
        let request = match wire::scan(call.version, message) {
            Ok(request) => request,
            Err(error) => {
                self.refuse(call.received);
                return Checked::Answered(answer.undecodable(&error));
            }
        };
        self.metrics.begin();
        let id = match DecisionId::random() {
            Ok(id) => id,
            Err(error) => {
                let error = no_id(error);
                self.count(call.received, Timers::default(), Outcome::Error(error.code));
                return Checked::Answered(answer.error(&error, call.version));
            }
        };
        let run = Run {
            version: call.version,
            received: call.received,
            deadline: call.deadline,
            message: message.clone(),
            id,
            timestamp: SystemTime::now(),
            snapshot: self.shared.policy.load_full(),
            span: self
                .shared
                .tracer
                .as_ref()
                .map(|tracer| tracer.start_check(call.metadata)),
            timers: Timers::default(),
            world: self.world(),
            rule_labels: Box::default(),
            latest: None,
        };
        self.run(answer, run, &request)
    }

    /// Goes on with a Check that was put off. It is run again from its message on; its id, its time and its
    /// snapshot stay.
    pub fn resume<A: Answer>(&mut self, answer: &A, run: Run) -> Checked<A::Output> {
        let message = run.message.clone();
        let checked = match wire::scan(run.version, &message) {
            Ok(request) => self.run(answer, run, &request),
            Err(_) => self.give_up(answer, run, defect()),
        };
        // The next Check may be long in coming: no old policy stays in memory for it.
        self.evaluator = None;
        checked
    }

    /// Where the spans of requests belong that `run` leads to.
    pub fn parent(&self, run: &Run) -> Option<Parent> {
        let tracer = self.shared.tracer.as_ref()?;
        Some(Parent::new(tracer, run.span.as_ref()?))
    }

    /// Answers a Check that was put off and that nobody can go on with.
    pub fn overloaded<A: Answer>(&self, answer: &A, run: Run) -> Checked<A::Output> {
        self.give_up(answer, run, overload())
    }

    fn give_up<A: Answer>(&self, answer: &A, run: Run, error: CheckError) -> Checked<A::Output> {
        let answered = Answered {
            output: answer.error(&error, run.version),
            outcome: Outcome::Error(error.code),
            result: Err(error),
        };
        self.finish(answer, run, answered)
    }

    fn run<A: Answer>(
        &mut self,
        answer: &A,
        mut run: Run,
        request: &wire::Request<'_>,
    ) -> Checked<A::Output> {
        // The guard keeps a defect in one request's handling from taking the thread, and with it
        // every other request, down. The evaluator may be in any state afterwards: it is dropped.
        let answered = catch_unwind(AssertUnwindSafe(|| self.answer(answer, &mut run, request)));
        let answered = answered.unwrap_or_else(|_| {
            self.evaluator = None;
            let error = defect();
            Some(Answered {
                output: answer.error(&error, run.version),
                outcome: Outcome::Error(error.code),
                result: Err(error),
            })
        });
        match answered {
            Some(answered) => self.finish(answer, run, answered),
            None => Checked::PutOff(Box::new(run)),
        }
    }

    /// Counts a request that came in a form that cannot be checked; it leaves no record.
    pub fn refuse(&self, received: Instant) {
        self.metrics.begin();
        self.metrics.end(&metrics::Check {
            outcome: Outcome::Error("undecodable_request"),
            total: received.elapsed(),
            input: None,
            eval: None,
        });
    }

    /// The answer; none where the Check is put off.
    fn answer<A: Answer>(
        &mut self,
        answer: &A,
        run: &mut Run,
        request: &wire::Request<'_>,
    ) -> Option<Answered<A::Output>> {
        let decided = match self.decide(run, request) {
            Ok(value) => Ok(value),
            Err(Undecided::Failed(error)) => Err(error),
            Err(Undecided::PutOff) => return None,
        };
        let context = Context {
            version: run.version,
            id: &run.id,
            request_header: &|name| request.header(name),
        };
        let answered = decided.as_ref().map_err(Clone::clone).and_then(|value| {
            let verdict = Verdict::read(value)?;
            Ok((answer.verdict(&verdict, context)?, verdict.allowed))
        });
        Some(match answered {
            Ok((output, allowed)) => {
                let outcome = if allowed {
                    Outcome::Allowed
                } else {
                    Outcome::Denied
                };
                Answered {
                    output,
                    outcome,
                    result: decided,
                }
            }
            Err(error) => Answered {
                output: answer.error(&error, run.version),
                outcome: Outcome::Error(error.code),
                // A decision whose answer could not be encoded stands in the log as it was made,
                // as with the plugin; any other error takes the decision's place.
                result: if error.stage == Stage::Answer {
                    decided
                } else {
                    Err(error)
                },
            },
        })
    }

    fn decide(&mut self, run: &mut Run, request: &wire::Request<'_>) -> Result<Value, Undecided> {
        let started = Instant::now();
        let parsed = self.shared.input.parse(request).map_err(CheckError::from)?;
        let deadline = self.deadline(run, started)?;
        let snapshot = run.snapshot.clone().ok_or_else(no_policy)?;
        if self.shared.policy.is_stale() {
            return Err(stale_policy().into());
        }
        let input = self
            .shared
            .input
            .value(parsed, snapshot.policy.demand(DECISION))
            .map_err(CheckError::from)?;
        let built = Instant::now();
        let steps = self.steps;
        run.timers.input = Some(built.duration_since(started));
        let evaluation = self.evaluator(&snapshot).eval_in(
            &mut run.world,
            DECISION,
            &input,
            Budget { deadline, steps },
        );
        run.timers.eval = Some(built.elapsed());
        if evaluation.waits() {
            return Err(Undecided::PutOff);
        }
        if steps.is_some() && evaluation.gave_way() {
            self.metrics.gave_way();
            return Err(Undecided::PutOff);
        }
        if let Some(difference) = &evaluation.difference {
            self.metrics.differs();
            tracing::warn!(
                decision_id = run.id.as_str(),
                native = difference.native,
                regorus = difference.regorus,
                "Two engines do not agree; the native one's answer counts.",
            );
        }
        for print in &evaluation.prints {
            tracing::info!(
                "decision-id" = run.id.as_str(),
                "{}: {}",
                print.location,
                print.message
            );
        }
        run.rule_labels = evaluation.rule_labels;
        evaluation
            .result
            .map_err(|error| self.evaluation_error(&error, &run.id).into())
    }

    fn world(&self) -> World {
        let world = World::open(Arc::clone(&self.shared.known));
        if self.shared.nd_builtin_cache && self.log.is_some() {
            world.keeping_calls()
        } else {
            world
        }
    }

    /// When the evaluation must end: the caller's deadline or the configured time, what is first. One that is run
    /// again does not get that time again.
    fn deadline(&self, run: &mut Run, now: Instant) -> Result<Instant, CheckError> {
        let latest = now + self.shared.max_eval_time;
        let latest = match run.deadline {
            Some(deadline) if deadline <= now => return Err(timed_out()),
            Some(deadline) => deadline.min(latest),
            None => latest,
        };
        Ok(*run.latest.get_or_insert(latest))
    }

    /// This thread's evaluator of the snapshot; a new snapshot gets a new one.
    fn evaluator(&mut self, snapshot: &Snapshot) -> &mut Evaluator {
        let generation = snapshot.generation;
        if self
            .evaluator
            .as_ref()
            .is_some_and(|(current, _)| *current != generation)
        {
            self.evaluator = None;
        }
        let (_, evaluator) = self
            .evaluator
            .get_or_insert_with(|| (generation, snapshot.policy.evaluator()));
        evaluator
    }

    fn evaluation_error(&mut self, error: &EvalError, id: &DecisionId) -> CheckError {
        // To whoever sees only the 403 that Envoy makes of it, an undefined decision is a mystery.
        if let Some(silent) = self.complaints.next() {
            tracing::error!(
                decision_id = id.as_str(),
                decision = self.shared.entrypoint,
                error = %error,
                silent,
                "Evaluation failed; the request is refused.",
            );
        }
        CheckError {
            stage: match error.kind() {
                EvalErrorKind::Cancelled => Stage::Deadline,
                EvalErrorKind::Panic => Stage::Internal,
                EvalErrorKind::Undefined
                | EvalErrorKind::Conflict
                | EvalErrorKind::TooManySteps
                | EvalErrorKind::Waiting
                | EvalErrorKind::Other => Stage::Evaluation,
            },
            code: error.code(),
            message: error.to_string(),
            location: error.location().map(str::to_owned),
        }
    }

    fn finish<A: Answer>(
        &self,
        answer: &A,
        mut run: Run,
        answered: Answered<A::Output>,
    ) -> Checked<A::Output> {
        let Answered {
            output,
            mut outcome,
            result,
        } = answered;
        run.timers.handler = run.received.elapsed();
        let (received, timers, until) = (run.received, run.timers, self.patience(&run));
        let (id, timestamp, span) = (run.id, run.timestamp, run.span.take());
        let trace = span.as_ref().map(|span| {
            let (trace_id, span_id) = span.ids();
            TraceIds { trace_id, span_id }
        });
        let full = self.log.as_ref().and_then(|log| {
            let full = log.push(run.into_record(result, trace)).err()?;
            Some((log, full))
        });
        let checked = match full {
            None => Checked::Answered(output),
            Some((log, full)) => {
                let error = unlogged();
                let refused = answer.error(&error, full.record.version);
                if full.may_wait {
                    let held = Held::new(output, refused, full.record, log, until);
                    Checked::Held(Box::new(held))
                } else {
                    outcome = Outcome::Error(error.code);
                    held::deny(full.record, error, log);
                    Checked::Answered(refused)
                }
            }
        };
        self.count(received, timers, outcome);
        tracing::debug!(
            "decision-id" = id.as_str(),
            query = self.shared.entrypoint,
            ?outcome,
            total_decision_time = timers.handler.as_nanos(),
            "Returning policy decision."
        );
        if let Some((tracer, span)) = self.shared.tracer.as_ref().zip(span.as_ref()) {
            trace_check(tracer, span, &id, timestamp, timers, outcome);
        }
        checked
    }

    /// Until when an answer may wait for room in the decision log.
    fn patience(&self, run: &Run) -> Instant {
        let latest = run.latest.or(run.deadline);
        latest.unwrap_or(run.received + self.shared.max_eval_time)
    }

    fn count(&self, received: Instant, timers: Timers, outcome: Outcome) {
        self.metrics.end(&metrics::Check {
            outcome,
            total: received.elapsed(),
            input: timers.input,
            eval: timers.eval,
        });
    }
}

// === impl Run ===

impl Run {
    /// What it waits for, and until when.
    #[must_use]
    pub fn question(&self) -> Option<(&Question, Instant)> {
        Some((self.world.asked()?, self.latest?))
    }

    /// Tells it what it waits for.
    pub fn tell(&mut self, answer: Told) {
        self.world.tell(answer);
    }

    fn into_record(self, result: Result<Value, CheckError>, trace: Option<TraceIds>) -> Record {
        // Where there is no decision nobody tells what it would have been made of.
        let decided = !matches!(&result, Err(error) if error.stage != Stage::Result);
        let calls = decided.then(|| self.world.into_calls());
        let snapshot = self.snapshot.as_ref();
        Record {
            id: self.id,
            timestamp: self.timestamp,
            version: self.version,
            request: self.message,
            revisions: snapshot
                .map(|snapshot| Arc::clone(&snapshot.revisions))
                .unwrap_or_default(),
            snapshot: self.snapshot.map(|snapshot| snapshot as _),
            result,
            nd_builtin_cache: calls.flatten(),
            rule_labels: self.rule_labels,
            timers: self.timers,
            trace,
            asked: None,
        }
    }
}

// === impl Undecided ===

impl From<CheckError> for Undecided {
    fn from(error: CheckError) -> Self {
        Self::Failed(error)
    }
}

/// Ends the span of a Check.
fn trace_check(
    tracer: &Tracer,
    span: &CheckSpan,
    id: &DecisionId,
    started: SystemTime,
    timers: Timers,
    outcome: Outcome,
) {
    let Timers {
        handler,
        input,
        eval,
    } = timers;
    // The stages follow each other without a gap that is worth a clock reading.
    let stage = |begin, length| trace::Stage { begin, length };
    let (built, decided) = (
        input.unwrap_or_default(),
        input.unwrap_or_default() + eval.unwrap_or_default(),
    );
    tracer.finish(
        span,
        &trace::Finished {
            name: SPAN,
            decision_id: id.as_str(),
            outcome,
            started,
            total: handler,
            input: input.map(|length| stage(Duration::ZERO, length)),
            eval: eval.map(|length| stage(built, length)),
            response: Some(stage(decided, handler.saturating_sub(decided))),
        },
    );
}
