//! `activation` into the values of its room.

use std::time::Duration;

use super::problem::Report;
use super::section::Section;
use crate::instance::{ActivationConfig, GateConfig, RollbackConfig, StaleConfig};

pub(super) fn read(section: &Section<'_>, report: &mut Report) -> ActivationConfig {
    ActivationConfig {
        stale: stale(section, report),
        gate: GateConfig {
            tests: section.flag("tests"),
            samples: section.path_buf("samples"),
        },
        history: section.size("history"),
        rollback: rollback(&section.section("rollback"), report),
    }
}

fn stale(section: &Section<'_>, report: &mut Report) -> Option<StaleConfig> {
    let (after, deny) = (
        section.duration("stale_after"),
        section.text("stale_policy") == Some("deny"),
    );
    if after.is_zero() {
        if deny {
            let message = "denies what is stale, and `stale_after` does not say when that is";
            report.error(
                section.line_of("stale_policy"),
                &section.path_of("stale_policy"),
                message,
            );
        }
        return None;
    }
    Some(StaleConfig { after, deny })
}

fn rollback(section: &Section<'_>, report: &mut Report) -> Option<RollbackConfig> {
    if !section.is_there() {
        return None;
    }
    let mut rate = |name| {
        let rate = section.number(name)?;
        if !(0.0..=1.0).contains(&rate) {
            let message = format!("expected a part of the decisions, from 0 to 1, found {rate}");
            report.error(section.line_of(name), &section.path_of(name), message);
        }
        Some(rate)
    };
    let config = RollbackConfig {
        max_error_rate: rate("max_error_rate"),
        max_denial_rate: rate("max_denial_rate"),
        window: section.duration("window"),
        min_decisions: section.count("min_decisions").unwrap_or_default(),
    };
    if config.max_error_rate.or(config.max_denial_rate).is_none() {
        let message = "names no rate, so that nothing is ever rolled back; set `max_error_rate` or `max_denial_rate`";
        report.error(section.line(), &section.path, message);
    }
    if config.window < Duration::from_millis(1) {
        let message = "expected a time in which the rates count, such as 60s";
        report.error(
            section.line_of("window"),
            &section.path_of("window"),
            message,
        );
    }
    Some(config)
}
