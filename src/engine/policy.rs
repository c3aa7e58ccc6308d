//! A compiled policy: immutable, shared by all threads, replaced as a whole.

use super::error::CompileErrors;
use super::{Demand, Engine, Evaluator, Memory, Source, native, regorus};

/// A compiled policy with its data. Clones share it.
#[derive(Debug, Clone)]
pub struct Policy(pub(super) Kind);

#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// For our own engine.
    Native(native::Policy),
    /// For regorus.
    Regorus(regorus::Policy),
    /// For both. The second is absent where regorus cannot compile what we can.
    Verify(native::Policy, Option<regorus::Policy>),
}

// === impl Policy ===

impl Policy {
    /// Compiles `source`. Takes stack by the nesting of its expressions: call it on a thread that has some.
    pub fn compile(source: Source) -> Result<Self, CompileErrors> {
        let kind = match source.engine {
            Engine::Native => native::Policy::compile(source).map(Kind::Native),
            Engine::Regorus => regorus::Policy::compile(source).map(Kind::Regorus),
            Engine::Verify => {
                let other = regorus::Policy::compile(source.clone());
                let policy = native::Policy::compile(source)?;
                if let Err(errors) = &other {
                    tracing::warn!(
                        %errors,
                        "The engine `regorus` does not compile this policy; nothing is compared.",
                    );
                }
                Ok(Kind::Verify(policy, other.ok()))
            }
        };
        kind.map(Self)
    }

    /// Makes a policy that nobody has asked yet ready for many questions: it remembers in `memory`, and its constant
    /// patterns are compiled.
    pub fn settle(&self, memory: &Memory) {
        match &self.0 {
            Kind::Native(policy) | Kind::Verify(policy, _) => policy.settle(memory),
            Kind::Regorus(_) => {}
        }
    }

    /// What the decision number `entry` reads of its input, and perhaps more.
    #[must_use]
    pub fn demand(&self, entry: usize) -> &Demand {
        match &self.0 {
            Kind::Native(policy) | Kind::Verify(policy, None) => policy.demand(entry),
            Kind::Regorus(policy) | Kind::Verify(_, Some(policy)) => policy.demand(entry),
        }
    }

    /// What an operator should know about this policy.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        match &self.0 {
            Kind::Native(policy) | Kind::Verify(policy, _) => policy.warnings(),
            Kind::Regorus(policy) => policy.warnings(),
        }
    }

    /// Whether there is something that the decision number `entry` names, be it a thing that cannot
    /// decide: then evaluation says why.
    #[must_use]
    pub fn defines(&self, entry: usize) -> bool {
        match &self.0 {
            Kind::Native(policy) | Kind::Verify(policy, _) => policy.defines(entry),
            Kind::Regorus(policy) => policy.defines(entry),
        }
    }

    /// An evaluator for one thread; cheap.
    #[must_use]
    pub fn evaluator(&self) -> Evaluator {
        Evaluator::new(self)
    }

    /// Whether others hold it too, an evaluator for one.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        match &self.0 {
            Kind::Native(policy) | Kind::Verify(policy, _) => policy.is_shared(),
            Kind::Regorus(policy) => policy.is_shared(),
        }
    }
}
