//! The policy's own rules about its log: `data.system.log.mask` and `data.system.log.drop`.

