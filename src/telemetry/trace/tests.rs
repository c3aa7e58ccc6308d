//! Sampling and ids; the export is tested against a collector in `tests/it`.

use super::*;

#[test]
fn the_share_of_sampled_traces_follows_the_percentage() {
    let sampled = |percentage: f64| {
        let queue = Arc::new(Queue {
            spans: ArrayQueue::new(1),
            dropped: AtomicU64::new(0),
            exported: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        });
        let scope = InstrumentationScope::default();
        let tracer = Tracer {
            queue,
            scope,
            threshold: threshold(percentage),
        };
        (0..2000)
            .filter(|_| tracer.start_check(|_| None).sampled)
            .count()
    };
    assert_eq!(sampled(0.0), 0);
    assert_eq!(sampled(100.0), 2000);
    // Seven standard deviations to either side.
    let half = sampled(50.0);
    assert!((850..1150).contains(&half), "{half}");
}

#[test]
fn ids_differ_across_a_block_boundary() {
    let ids: std::collections::HashSet<_> = (0..200).map(|_| random_ids()).collect();
    assert_eq!(ids.len(), 200);
}
