//! A gate that needs no clock: how often the Check path asks the allocator, per decision.
//! It is a test binary of its own, since it counts in the global allocator.

#[cfg(test)]
mod counting {
    //! The system's allocator, which counts for the thread that asks.

    use std::alloc::{GlobalAlloc, Layout, System};
    use std::cell::Cell;

    thread_local! {
        static COUNT: Cell<u64> = const { Cell::new(0) };
    }

    /// Counts allocations and reallocations.
    pub(crate) struct Counting;

    #[expect(unsafe_code, reason = "a global allocator cannot be written without")]
    // SAFETY: every call is handed on to the system's allocator with the arguments it came with;
    // the counter is a `Cell` without a destructor, which allocates nothing.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            count();
            // SAFETY: the caller keeps the contract of `alloc`.
            unsafe { System.alloc(layout) }
        }

        unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            count();
            // SAFETY: the caller keeps the contract of `realloc`.
            unsafe { System.realloc(block, layout, size) }
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            // SAFETY: the caller keeps the contract of `dealloc`.
            unsafe { System.dealloc(block, layout) }
        }
    }

    /// How often this thread has asked so far.
    pub(crate) fn so_far() -> u64 {
        COUNT.get()
    }

    fn count() {
        COUNT.set(COUNT.get() + 1);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::path::{Path, PathBuf};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use bytes::Bytes;
    use regate::authz::check::{Call, Checked, Checker, Shared};
    use regate::authz::input::InputBuilder;
    use regate::authz::response::Responder;
    use regate::authz::{InputEncoding, ParsedBodyErrors};
    use regate::config::{Config, Flags};
    use regate::decision::ApiVersion;
    use regate::engine::Entrypoint;
    use regate::grpc::Reply;
    use regate::instance;
    use regate::outside::Outside;
    use regate::task;
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
                Box::new(instance::Outcomes::default),
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
