//! The text format, and sums over threads.

use std::sync::Arc;
use std::time::Duration;

use super::*;

fn text(collect: impl Fn(&mut Exposition) + Send + Sync + 'static) -> String {
    let registry = Registry::default();
    registry.collect(collect);
    registry.render()
}

#[test]
fn the_text_format() {
    let registry = Registry::default();
    registry.gauge_fn("b", "B.", || 1.5);
    registry.collect(|out| out.counter("a", "A.", &[("x", "q\"\\\n"), ("y", "é")], 1));
    registry.collect(|out| out.counter("a", "A.", &[("x", "2")], 2));
    assert_eq!(
        registry.render(),
        "# HELP a A.\n# TYPE a counter\na{x=\"q\\\"\\\\\\n\",y=\"é\"} 1\na{x=\"2\"} 2\n\
         # HELP b B.\n# TYPE b gauge\nb 1.5\n"
    );
}

#[test]
fn a_histogram_is_cumulative_and_its_bounds_belong_to_their_buckets() {
    let shown = text(|out| {
        let mut histogram = Histogram::new(&[0.5, 1.0]);
        for millis in [500, 501, 1000, 1001] {
            histogram.observe(Duration::from_millis(millis));
        }
        out.histogram("h", "H.", &[("l", "v")], &histogram);
    });
    assert_eq!(
        shown,
        "# HELP h H.\n# TYPE h histogram\nh_bucket{l=\"v\",le=\"0.5\"} 1\n\
         h_bucket{l=\"v\",le=\"1\"} 3\nh_bucket{l=\"v\",le=\"+Inf\"} 4\n\
         h_sum{l=\"v\"} 3.002\nh_count{l=\"v\"} 4\n"
    );
}

fn check(outcome: Outcome) -> Check {
    let micros = Duration::from_micros;
    Check {
        outcome,
        total: micros(10),
        input: Some(micros(1)),
        eval: None,
    }
}

#[test]
fn recorders_of_all_threads_are_summed() {
    let metrics = Arc::new(CheckMetrics::new(Some(&[0.001])));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let recorder = metrics.recorder();
            std::thread::spawn(move || {
                for outcome in [Outcome::Allowed, Outcome::Denied, Outcome::Error("a_code")] {
                    recorder.begin();
                    recorder.end(&check(outcome));
                }
                recorder.begin();
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no panic");
    }
    let shown = text(move |out| metrics.collect(out));
    for line in [
        "regate_check_in_flight 3",
        "regate_check_decisions_total{outcome=\"allowed\"} 3",
        "regate_check_decisions_total{outcome=\"denied\"} 3",
        "regate_check_decisions_total{outcome=\"error\"} 3",
        "regate_check_errors_total{reason=\"a_code\"} 3",
        "error_counter{reason=\"a_code\"} 3",
        "regate_check_duration_seconds_bucket{le=\"0.000005\"} 0",
        "regate_check_duration_seconds_bucket{le=\"0.00001\"} 9",
        "regate_check_duration_seconds_count 9",
        "regate_check_eval_duration_seconds_count 0",
        // The peer observes decisions only.
        "grpc_request_duration_seconds_bucket{handler=\"check\",le=\"0.001\"} 6",
        "grpc_request_duration_seconds_count{handler=\"check\"} 6",
    ] {
        assert!(
            shown.lines().any(|shown| shown == line),
            "{line} in\n{shown}"
        );
    }
}

#[test]
fn the_peers_names_are_shown_only_when_asked_for() {
    let metrics = CheckMetrics::new(None);
    metrics.recorder().end(&check(Outcome::Error("a_code")));
    let shown = text(move |out| metrics.collect(out));
    assert!(
        !shown.contains("error_counter") && !shown.contains("grpc_"),
        "{shown}"
    );
}

#[test]
fn codes_beyond_the_table_are_counted_together() {
    let metrics = CheckMetrics::new(None);
    let recorder = metrics.recorder();
    for i in 0..60 {
        let code: &'static str = Box::leak(format!("code_{i}").into_boxed_str());
        recorder.end(&check(Outcome::Error(code)));
    }
    let shown = text(move |out| metrics.collect(out));
    assert!(shown.contains("reason=\"other\"} 13\n"), "{shown}");
}

#[test]
fn the_process_is_shown() {
    let shown = Registry::new().render();
    for name in [
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_start_time_seconds",
    ] {
        let line = shown
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .expect(name);
        assert!(line.trim().parse::<f64>().expect(name) >= 0.0);
    }
}

#[test]
fn methods_of_callers_do_not_become_labels() {
    let metrics = HttpMetrics::default();
    metrics.observe("health", "GET", 200, Duration::from_millis(1));
    metrics.observe("health", "BREW", 405, Duration::from_millis(1));
    let shown = text(move |out| metrics.collect(out));
    assert!(
        shown.contains("_count{code=\"200\",handler=\"health\",method=\"get\"} 1"),
        "{shown}"
    );
    assert!(
        shown.contains("method=\"other\"") && !shown.contains("BREW"),
        "{shown}"
    );
}

#[test]
fn a_scrape_as_the_json_of_the_data_model() {
    let mut out = Exposition::default();
    out.counter("c", "C.", &[("x", "1")], 3);
    out.gauge("g", "G.", &[], 0.5);
    let mut histogram = Histogram::new(&[0.5]);
    histogram.observe(Duration::from_millis(250));
    histogram.observe(Duration::from_secs(1));
    out.histogram("h", "H.", &[], &histogram);
    let expected = serde_json::json!({
        "c": {"name": "c", "help": "C.", "type": "COUNTER",
              "metric": [{"label": [{"name": "x", "value": "1"}], "counter": {"value": 3}}]},
        "g": {"name": "g", "help": "G.", "type": "GAUGE", "metric": [{"gauge": {"value": 0.5}}]},
        "h": {"name": "h", "help": "H.", "type": "HISTOGRAM", "metric": [{"histogram": {
            "sampleCount": "2",
            "sampleSum": 1.25,
            "bucket": [{"cumulativeCount": "1", "upperBound": 0.5}],
        }}]},
    });
    assert_eq!(out.to_json(), expected);
}
