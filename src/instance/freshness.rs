//! How fresh each bundle is, by a clock that nobody sets: for what is reported, and for policies under
//! `data.system.sync`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwap;
use jiff::Timestamp;

use crate::data::{Object, Value};
use crate::engine::{Module, RegoVersion};

/// What the facts about bundles are called where policies ask for them.
const FACT: &str = "bundle-sync/";

/// `activation.stale_after` and `activation.stale_policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaleConfig {
    /// How long a bundle's server may be out of reach before the policy is stale.
    pub after: Duration,
    /// Whether requests are denied then; otherwise it is reported, and the policy goes on to decide.
    pub deny: bool,
}

/// How fresh the bundles are. Clones share it; readers take no lock.
#[derive(Debug, Clone)]
pub struct Freshness(Arc<ArcSwap<BTreeMap<String, Bundle>>>);

/// How fresh one bundle is.
#[derive(Debug, Clone)]
struct Bundle {
    /// When its server last answered properly; before it ever did, when that was first awaited.
    heard: Instant,
    last_ok: Option<SystemTime>,
    connected: bool,
    active: Option<(String, SystemTime)>,
}

// === impl StaleConfig ===

impl StaleConfig {
    /// How often it is looked at.
    pub(super) fn pace(&self) -> Duration {
        (self.after / 20).clamp(Duration::from_millis(10), Duration::from_secs(1))
    }
}

// === impl Freshness ===

impl Freshness {
    /// Bundles that have from now on to be heard of.
    pub(super) fn new(names: impl IntoIterator<Item = String>) -> Self {
        let bundles = names.into_iter().map(|name| (name, Bundle::new()));
        Self(Arc::new(ArcSwap::from_pointee(bundles.collect())))
    }

    /// The server of the bundle `name` answered properly.
    pub(super) fn answered(&self, name: &str) {
        self.change(name, |bundle| {
            bundle.heard = Instant::now();
            bundle.last_ok = Some(SystemTime::now());
            bundle.connected = true;
        });
    }

    /// The server of the bundle `name` did not.
    pub(super) fn failed(&self, name: &str) {
        self.change(name, |bundle| bundle.connected = false);
    }

    /// This revision of the bundle `name` is in force.
    pub(super) fn activated(&self, name: &str, revision: &str) {
        let active = Some((revision.to_owned(), SystemTime::now()));
        self.change(name, |bundle| bundle.active = active);
    }

    /// The bundles that were not heard of for longer than `after`.
    pub(super) fn stale(&self, after: Duration) -> Vec<String> {
        let bundles = self.0.load();
        let stale = bundles
            .iter()
            .filter(|(_, bundle)| bundle.heard.elapsed() > after);
        stale.map(|(name, _)| name.clone()).collect()
    }

    /// The fact of this name, if it is one about a bundle that there is.
    #[must_use]
    pub fn fact(&self, name: &str) -> Option<Value> {
        let bundles = self.0.load();
        bundles.get(name.strip_prefix(FACT)?).map(Bundle::describe)
    }

    /// The modules that show the facts under `data.system.sync`.
    pub(super) fn modules(&self) -> Vec<Module> {
        self.0.load().keys().map(|name| module(name)).collect()
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Bundle)) {
        // Only the writer of the instance changes anything, so that nothing is overwritten.
        let mut bundles = BTreeMap::clone(&self.0.load());
        if let Some(bundle) = bundles.get_mut(name) {
            change(bundle);
            self.0.store(Arc::new(bundles));
        }
    }
}

// === impl Bundle ===

impl Bundle {
    fn new() -> Self {
        Self {
            heard: Instant::now(),
            last_ok: None,
            connected: false,
            active: None,
        }
    }

    fn describe(&self) -> Value {
        let mut members = vec![
            ("age_s", Value::from(self.heard.elapsed().as_secs())),
            ("connected", Value::from(self.connected)),
        ];
        if let Some((revision, at)) = &self.active {
            members.push(("activated_at", time(*at)));
            members.push(("revision", Value::from(revision.as_str())));
        }
        if let Some(at) = self.last_ok {
            members.push(("last_ok", time(at)));
        }
        let members = members
            .into_iter()
            .map(|(name, value)| (Value::from(name), value));
        Value::Object(Object::from(members.collect::<Vec<_>>()))
    }
}

/// RFC 3339, as policies parse it with `time.parse_rfc3339_ns`.
fn time(at: SystemTime) -> Value {
    Timestamp::try_from(at).map_or(Value::Null, |at| Value::from(at.to_string()))
}

fn module(name: &str) -> Module {
    let quoted = serde_json::Value::from(name);
    let fact = serde_json::Value::from(format!("{FACT}{name}"));
    let rules = ["activated_at", "age_s", "connected", "last_ok", "revision"];
    let rules = rules.map(|member| format!("{member} := internal.host({fact}).{member}\n"));
    Module {
        name: format!("data.system.sync.{name}"),
        source: format!("package system.sync[{quoted}]\n\n{}", rules.concat()).into(),
        version: RegoVersion::V1,
    }
}
