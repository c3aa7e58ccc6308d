//! Gates that need no clock: how often the Check path asks the allocator, per decision, and how much a record takes
//! that waits for the decision log.
//! It is a test binary of its own, since it counts in the global allocator.

#[cfg(test)]
mod counting {
    //! The system's allocator, which counts for the thread that asks.

    use std::alloc::{GlobalAlloc, Layout, System};
    use std::cell::Cell;

    thread_local! {
        static COUNT: Cell<u64> = const { Cell::new(0) };
        static BYTES: Cell<usize> = const { Cell::new(0) };
    }

    /// Counts allocations and reallocations.
    pub(crate) struct Counting;

    #[expect(unsafe_code, reason = "a global allocator cannot be written without")]
    // SAFETY: every call is handed on to the system's allocator with the arguments it came with;
    // the counter is a `Cell` without a destructor, which allocates nothing.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            count(layout.size());
            // SAFETY: the caller keeps the contract of `alloc`.
            unsafe { System.alloc(layout) }
        }

        unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            give_back(layout.size());
            count(size);
            // SAFETY: the caller keeps the contract of `realloc`.
            unsafe { System.realloc(block, layout, size) }
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            give_back(layout.size());
            // SAFETY: the caller keeps the contract of `dealloc`.
            unsafe { System.dealloc(block, layout) }
        }
    }

    /// How often this thread has asked so far.
    pub(crate) fn so_far() -> u64 {
        COUNT.get()
    }

    /// How many bytes this thread has, as far as it has not given them to others.
    pub(crate) fn bytes() -> usize {
        BYTES.get()
    }

    fn count(bytes: usize) {
        COUNT.set(COUNT.get() + 1);
        BYTES.set(BYTES.get().wrapping_add(bytes));
    }

    fn give_back(bytes: usize) {
        BYTES.set(BYTES.get().wrapping_sub(bytes));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::io::{self, Write};
    use std::path::{Path, PathBuf};
    use std::sync::{Arc, mpsc as mpsc_std};
    use std::time::{Duration, Instant, SystemTime};

    use bytes::Bytes;
    use regate::authz::check::{Call, Checked, Checker, Shared};
    use regate::authz::input::InputBuilder;
    use regate::authz::response::Responder;
    use regate::authz::{InputEncoding, ParsedBodyErrors};
    use regate::config::{Config, Flags};
    use regate::data::Value;
    use regate::decision::{ApiVersion, DecisionId, Record, Revisions, Timers};
    use regate::decision_log::{Config as LogConfig, Inputs, Log, Parts, Subject};
    use regate::engine::Entrypoint;
    use regate::grpc::Reply;
    use regate::instance;
    use regate::outside::Outside;
    use regate::task;
    use regate::telemetry::LineFormat;
    use regate::telemetry::metrics::CheckMetrics;
    use tokio::sync::mpsc;

    use super::counting::{self, Counting};

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;

    /// After so many decisions nothing is made for the first time any more.
    const WARM_UP: usize = 100;
    const DECISIONS: u64 = 100;

    /// A recorded request with 12 headers, without its gRPC frame.
    const REQUEST: &[u8] = include_bytes!("../bench/check_request.bin").split_at(5).1;

    // The numbers may only fall. One that falls is written down here, so that it stays.

    #[test]
    fn a_decision_of_a_constant() {
        let policy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("constant.rego");
        std::fs::write(&policy, "package envoy.authz\nallow := true\n").unwrap();
        assert_per_decision(&[policy], 12);
    }

    #[test]
    fn a_decision_of_the_rbac_policy() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/rbac");
        let files = ["policy.rego", "data.json"].map(|name| folder.join(name));
        assert_per_decision(&files, 26);
    }

    #[test]
    fn a_record_takes_little_more_than_its_request() {
        let big = Vec::leak(REQUEST.repeat(20));
        for request in [&REQUEST[..60], REQUEST, big] {
            let bytes = bytes_per_record(request);
            let most = request.len() * 3 / 2 + 200;
            assert!(bytes <= most, "{bytes} bytes for {}", request.len());
        }
    }

    /// What a record of `request` takes while it waits.
    fn bytes_per_record(request: &'static [u8]) -> usize {
        const RECORDS: usize = 31 * 32;
        let (reached, is_reached) = mpsc_std::sync_channel(1);
        let (let_go, goes) = mpsc_std::sync_channel(0);
        let config = LogConfig {
            console: true,
            ..LogConfig::default()
        };
        let parts = Parts {
            sink: Box::new(Stuck(reached, goes)),
            line: LineFormat::new(&Flags::default().log).unwrap(),
            subject: Subject::Path("envoy/authz/allow".to_owned()),
            inputs: Box::new(Nothing),
            rules: None,
            way: None,
        };
        let log = Log::spawn(config, parts).unwrap();
        let producer = log.intake().producer();
        // They are the snapshot's.
        let revisions = Arc::default();
        producer.push(record(request, &revisions)).unwrap();
        // From here on nothing is taken out of the queue.
        is_reached.recv().unwrap();
        let before = counting::bytes();
        for _ in 0..RECORDS {
            producer.push(record(request, &revisions)).unwrap();
        }
        let each = counting::bytes().wrapping_sub(before) / RECORDS;
        drop(let_go);
        each
    }

    fn record(request: &'static [u8], revisions: &Arc<Revisions>) -> Record {
        Record {
            id: DecisionId::random().unwrap(),
            timestamp: SystemTime::now(),
            version: ApiVersion::V3,
            request: Bytes::from_static(request),
            revisions: Arc::clone(revisions),
            snapshot: None,
            result: Ok(Value::Bool(true)),
            nd_builtin_cache: None,
            rule_labels: Box::default(),
            timers: Timers::default(),
            trace: None,
            asked: None,
        }
    }

    /// Tells when it is written to, and hangs until it may go on.
    struct Stuck(mpsc_std::SyncSender<()>, mpsc_std::Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.try_send(());
            // An error is the test's end.
            let _ = self.1.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// No inputs.
    struct Nothing;

    impl Inputs for Nothing {
        fn write(&mut self, _: &Record, out: &mut Vec<u8>) {
            out.extend_from_slice(b"null");
        }

        fn value(&mut self, _: &Record) -> Value {
            Value::Null
        }
    }

    fn assert_per_decision(policy: &[PathBuf], most: u64) {
        let mut checker = checker(policy);
        let message = Bytes::from_static(REQUEST);
        for _ in 0..WARM_UP {
            check(&mut checker, &message);
        }
        let before = counting::so_far();
        for _ in 0..DECISIONS {
            check(&mut checker, &message);
        }
        let each = (counting::so_far() - before) / DECISIONS;
        assert!(each <= most, "{each} allocations per decision");
        assert!(
            each >= most,
            "only {each} allocations per decision: write the new number down"
        );
    }

    fn check(checker: &mut Checker, message: &Bytes) {
        let call = Call {
            version: ApiVersion::V3,
            received: Instant::now(),
            deadline: None,
            metadata: &|_| None,
        };
        let responder = Responder::default();
        let reply = checker.check(&responder, call, message);
        let framed = matches!(reply, Checked::Answered(Reply::Framed(_)));
        assert!(framed, "{reply:?}");
    }

    /// The Check path of one thread on a policy's files, without a decision log.
    fn checker(policy: &[PathBuf]) -> Checker {
        let flags = Flags {
            paths: policy.iter().map(|p| p.display().to_string()).collect(),
            ..Flags::default()
        };
        let loaded = Config::from_text("", &flags, &HashMap::<String, String>::new()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let (_updates, updates) = mpsc::channel(1);
        let (_trigger, shutdown) = task::shutdown();
        let entrypoints = vec![Entrypoint::Path("envoy/authz/allow".to_owned())];
        let instance = runtime
            .block_on(instance::start(
                loaded.config.instance,
                entrypoints,
                updates,
                instance::Hooks::default(),
                shutdown,
            ))
            .unwrap();
        let shared = Shared {
            input: Arc::new(InputBuilder {
                skip_body: false,
                body_errors: ParsedBodyErrors::default(),
                encoding: InputEncoding::default(),
                descriptor: None,
            }),
            policy: instance.cell(),
            max_eval_time: Duration::from_secs(10),
            nd_builtin_cache: false,
            known: Outside::default().known(),
            tracer: None,
            entrypoint: "envoy/authz/allow".to_owned(),
        };
        let metrics = CheckMetrics::new(None).recorder();
        Checker::new(Arc::new(shared), None, metrics, None)
    }
}
