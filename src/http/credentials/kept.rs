//! What was got elsewhere and serves until shortly before its end.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

/// How long before its end something is not used any more: as long as in OPA.
const MARGIN: Duration = Duration::from_secs(10);
/// How long something is kept at most, whatever is said of its end.
const LONGEST: Duration = Duration::from_hours(24);

/// Something that is got when it is needed, by one at a time.
pub(super) struct Kept<T> {
    current: Mutex<Option<Entry<T>>>,
    turn: Semaphore,
}

struct Entry<T> {
    value: Arc<T>,
    until: Instant,
}

/// What was got now.
pub(super) struct Obtained<T> {
    pub(super) value: T,
    /// How long it is good for.
    pub(super) lifetime: Duration,
}

/// What is to be used now.
pub(super) struct Lent<T> {
    pub(super) value: Arc<T>,
    /// Whether it was kept from before.
    pub(super) old: bool,
}

// === impl Kept ===

impl<T> Kept<T> {
    pub(super) fn new() -> Self {
        Self {
            current: Mutex::new(None),
            turn: Semaphore::new(1),
        }
    }

    /// What is kept, or else what `obtain` gets. Whoever comes while another gets it waits for that.
    pub(super) async fn get<F>(&self, obtain: impl FnOnce() -> F) -> Result<Lent<T>, String>
    where
        F: Future<Output = Result<Obtained<T>, String>>,
    {
        if let Some(kept) = self.current() {
            return Ok(kept);
        }
        // It is never closed; if it were, all could go.
        let _turn = self.turn.acquire().await;
        if let Some(kept) = self.current() {
            return Ok(kept);
        }
        // It is large, and rarely needed.
        let Obtained { value, lifetime } = Box::pin(obtain()).await?;
        let value = Arc::new(value);
        let lifetime = lifetime.min(LONGEST).saturating_sub(MARGIN);
        *self.lock() = Some(Entry {
            value: value.clone(),
            until: Instant::now() + lifetime,
        });
        Ok(Lent { value, old: false })
    }

    /// Lets go of it.
    pub(super) fn forget(&self) {
        *self.lock() = None;
    }

    fn current(&self) -> Option<Lent<T>> {
        let current = self.lock();
        let good = current
            .as_ref()
            .filter(|entry| Instant::now() < entry.until);
        good.map(|entry| Lent {
            value: entry.value.clone(),
            old: true,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Entry<T>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    struct Source {
        kept: Kept<u32>,
        asked: AtomicU32,
    }

    impl Source {
        fn new() -> Self {
            Self {
                kept: Kept::new(),
                asked: AtomicU32::new(0),
            }
        }

        async fn get(&self, lifetime: u64) -> (u32, bool) {
            let lent = self.kept.get(|| async {
                tokio::task::yield_now().await;
                Ok(Obtained {
                    value: self.asked.fetch_add(1, Ordering::Relaxed) + 1,
                    lifetime: Duration::from_secs(lifetime),
                })
            });
            let lent = lent.await.unwrap();
            (*lent.value, lent.old)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_serves_until_ten_seconds_before_its_end() {
        let source = Source::new();
        assert_eq!(source.get(60).await, (1, false));
        tokio::time::advance(Duration::from_secs(49)).await;
        assert_eq!(source.get(60).await, (1, true));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(source.get(9).await, (2, false));
        assert_eq!(source.get(9).await, (3, false), "too short to be kept");
    }

    #[tokio::test]
    async fn it_is_got_by_one_at_a_time() {
        let source = Source::new();
        let (a, b) = tokio::join!(source.get(60), source.get(60));
        assert_eq!((a, b), ((1, false), (1, true)));
        source.kept.forget();
        assert_eq!(source.get(60).await, (2, false));
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let kept = Kept::<u32>::new();
        let failed = kept.get(|| async { Err("no".to_owned()) }).await;
        assert_eq!(failed.err().as_deref(), Some("no"));
        let good = kept.get(|| async {
            Ok(Obtained {
                value: 1,
                lifetime: Duration::MAX,
            })
        });
        assert_eq!(*good.await.unwrap().value, 1);
    }
}
