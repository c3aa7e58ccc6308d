//! Whether a certificate leads to one that is trusted: path building as Go's crypto/x509 does it.
//!
//! Not rustls-webpki's, which refuses much that Go accepts: certificates without alternative names, of version 1,
//! with a root's own limits.

use std::collections::BTreeMap;

use super::certificate::Certificate;
use super::usage::Usage;
use crate::builtins::Error;
use crate::builtins::context::Budget;

mod hostname;
mod names;
mod policies;

/// What is asked of a certificate besides a path.
#[derive(Debug, Default)]
pub(super) struct Options {
    /// The host that it is for; any when empty.
    pub host: String,
    /// The time at which it must be valid.
    pub now_ns: i128,
    /// The usages of which it may be used for one; none stand for a server's.
    pub usages: Vec<Usage>,
}

/// A path: the certificate first, what is trusted last.
pub(super) type Path<'c, 'd> = Vec<&'c Certificate<'d>>;

/// Builds paths.
struct Builder<'c, 'd, 'o> {
    root: &'c Certificate<'d>,
    intermediates: BTreeMap<&'d [u8], Vec<&'c Certificate<'d>>>,
    options: &'o Options,
    budget: &'o mut Budget,
    /// How many signatures may still be looked at.
    attempts: u32,
    found: Vec<Path<'c, 'd>>,
}

/// Where in a path a certificate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Leaf,
    Intermediate,
    Root,
}

/// How many signatures are looked at for one certificate.
const ATTEMPTS: u32 = 100;

/// What a signature costs, in steps.
const SIGNATURE: u64 = 5_000;

/// `keyCertSign` among the key usages.
const SIGNS_CERTIFICATES: u16 = 1 << 5;

/// The first path from the last certificate to the first over those between them; `None` when there is none, or none
/// that does what the options ask for.
pub(super) fn path<'c, 'd>(
    certificates: &'c [Certificate<'d>],
    options: &Options,
    budget: &mut Budget,
) -> Result<Option<Path<'c, 'd>>, Error> {
    let [root, between @ .., leaf] = certificates else {
        return Ok(None);
    };
    let fits = is_valid(leaf, Place::Leaf, &[], options.now_ns);
    if !fits || !options.host.is_empty() && !hostname::matches(leaf, &options.host) {
        return Ok(None);
    }
    let mut builder = Builder {
        root,
        intermediates: BTreeMap::new(),
        options,
        budget,
        attempts: ATTEMPTS,
        found: Vec::new(),
    };
    if root.raw == leaf.raw {
        builder.found.push(vec![leaf]);
    } else {
        builder.know(between);
        builder.extend(&[leaf])?;
    }
    let Builder { found, budget, .. } = builder;
    for path in found {
        let fine = policies::are_valid(&path, budget)?
            && usages_fit(&path, &options.usages)
            && names::are_permitted(&path, budget)?;
        if fine {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

// === impl Builder ===

impl<'c, 'd> Builder<'c, 'd, '_> {
    /// Takes certificates for intermediate ones, each once.
    fn know(&mut self, certificates: &'c [Certificate<'d>]) {
        for certificate in certificates {
            let known = self.intermediates.entry(certificate.raw_subject);
            let known = known.or_default();
            if !known.iter().any(|other| other.raw == certificate.raw) {
                known.push(certificate);
            }
        }
    }

    /// Finds the paths that begin so. It calls itself no more often than signatures may be looked at.
    fn extend(&mut self, path: &[&'c Certificate<'d>]) -> Result<(), Error> {
        let Some(child) = path.last() else {
            return Ok(());
        };
        if self.root.raw_subject == child.raw_issuer {
            self.try_parent(path, child, self.root, Place::Root)?;
        }
        let parents = self.intermediates.get(child.raw_issuer);
        let mut parents = parents.cloned().unwrap_or_default();
        parents.sort_by_key(|parent| key_distance(child, parent));
        for parent in parents {
            self.try_parent(path, child, parent, Place::Intermediate)?;
        }
        Ok(())
    }

    fn try_parent(
        &mut self,
        path: &[&'c Certificate<'d>],
        child: &Certificate<'d>,
        parent: &'c Certificate<'d>,
        place: Place,
    ) -> Result<(), Error> {
        let Some(left) = self.attempts.checked_sub(1) else {
            return Ok(());
        };
        self.attempts = left;
        if parent.key.is_none() || is_in(parent, path) {
            return Ok(());
        }
        self.budget.step(SIGNATURE)?;
        if !signed_by(child, parent) || !is_valid(parent, place, path, self.options.now_ns) {
            return Ok(());
        }
        let path = [path, &[parent]].concat();
        match place {
            Place::Root => self.found.push(path),
            Place::Intermediate => self.extend(&path)?,
            Place::Leaf => {}
        }
        Ok(())
    }
}

/// Whether a certificate may stand in its place after `path`.
fn is_valid(
    certificate: &Certificate<'_>,
    place: Place,
    path: &[&Certificate<'_>],
    now_ns: i128,
) -> bool {
    let extended = &certificate.extended;
    let from = certificate.not_before.nanoseconds();
    let to = certificate.not_after.nanoseconds();
    let issuer = extended.basic.is_some_and(|basic| basic.issues);
    let longest = extended.basic.map_or(-1, |basic| basic.longest_path);
    // The first of a path is no intermediate one.
    let between = i64::try_from(path.len()).map_or(i64::MAX, |length| length - 1);
    let named = path
        .last()
        .is_none_or(|child| child.raw_issuer == certificate.raw_subject);
    extended.unhandled.is_empty()
        && named
        && (from..=to).contains(&now_ns)
        && (place != Place::Intermediate || issuer)
        && (longest < 0 || between <= longest)
}

/// Whether `parent` signed `child`, and may.
fn signed_by(child: &Certificate<'_>, parent: &Certificate<'_>) -> bool {
    let extended = &parent.extended;
    let may = match extended.basic {
        Some(basic) => basic.issues,
        None => parent.version < 3,
    };
    let usage = extended.key_usage;
    if !may || usage != 0 && usage & SIGNS_CERTIFICATES == 0 {
        return false;
    }
    let (Some(algorithm), Some(key)) = (child.algorithm, &parent.key) else {
        return false;
    };
    algorithm.verifies(key, child.signed, &child.signature)
}

/// Whether the same subject with the same key is in the path.
fn is_in(candidate: &Certificate<'_>, path: &[&Certificate<'_>]) -> bool {
    const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];
    fn names<'d>(certificate: &Certificate<'d>) -> Option<&'d [u8]> {
        let mut extensions = certificate.extensions.iter();
        let names = extensions.find(|extension| extension.id.0 == ALTERNATIVE_NAMES);
        names.map(|names| names.value)
    }
    let like = |certificate: &&&Certificate<'_>| {
        certificate.raw_subject == candidate.raw_subject
            && certificate.key_info.whole == candidate.key_info.whole
    };
    path.iter()
        .filter(like)
        .any(|certificate| names(certificate) == names(candidate))
}

/// How well a parent's key fits what the child says of it: the best first.
fn key_distance(child: &Certificate<'_>, parent: &Certificate<'_>) -> u8 {
    let own = parent.extended.subject_key.unwrap_or_default();
    let asked = child.extended.authority_key.unwrap_or_default();
    match (own.is_empty(), asked.is_empty()) {
        _ if own == asked => 0,
        (true, false) | (false, true) => 1,
        _ => 2,
    }
}

/// Whether one of the usages is allowed by all certificates of a path that say something of usages.
fn usages_fit(path: &[&Certificate<'_>], asked: &[Usage]) -> bool {
    let mut left = match asked {
        [] => vec![Usage::SERVER],
        asked => asked.to_vec(),
    };
    if left.contains(&Usage::ANY) {
        return true;
    }
    for certificate in path.iter().rev() {
        let usages = &certificate.extended.usages;
        let known: Vec<Usage> = usages.iter().copied().filter_map(Usage::of).collect();
        if !usages.is_empty() && !known.contains(&Usage::ANY) {
            left.retain(|usage| known.contains(usage));
        }
    }
    !left.is_empty()
}
