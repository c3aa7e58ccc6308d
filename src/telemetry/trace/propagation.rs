//! The caller's span in a call's metadata: W3C trace context, else B3 in one header or in several.

use std::str::FromStr;

use opentelemetry::trace::TraceState;

/// What a caller says of its trace.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Caller {
    /// The trace's id and the caller's span.
    pub(super) parent: Option<([u8; 16], [u8; 8])>,
    /// Whether the trace is sampled; none leaves it to us.
    pub(super) sampled: Option<bool>,
    /// `tracestate`.
    pub(super) state: TraceState,
}

/// Reads the caller's span; what is malformed counts as absent.
pub(super) fn extract<'a>(lookup: impl Fn(&str) -> Option<&'a str>) -> Caller {
    if let Some(mut caller) = lookup("traceparent").and_then(w3c) {
        caller.state = lookup("tracestate")
            .and_then(|state| TraceState::from_str(state).ok())
            .unwrap_or_default();
        return caller;
    }
    if let Some(caller) = lookup("b3").and_then(b3_single) {
        return caller;
    }
    b3_multi(lookup)
}

fn w3c(header: &str) -> Option<Caller> {
    let mut parts = header.trim().splitn(5, '-');
    let version = hex::<1>(parts.next()?)?;
    let (trace_id, span_id) = (hex(parts.next()?)?, hex(parts.next()?)?);
    let [flags] = hex::<1>(parts.next()?)?;
    // Later versions may go on after the flags, the first may not.
    if version == [0xff] || (version == [0] && parts.next().is_some()) {
        return None;
    }
    let parent = ids(trace_id, span_id)?;
    Some(Caller {
        parent: Some(parent),
        sampled: Some(flags & 1 == 1),
        ..Caller::default()
    })
}

fn b3_single(header: &str) -> Option<Caller> {
    let mut parts = header.trim().split('-');
    let first = parts.next()?;
    let Some(span_id) = parts.next() else {
        // A decision alone.
        return Some(Caller {
            sampled: Some(b3_sampled(first)?),
            ..Caller::default()
        });
    };
    let parent = ids(b3_trace_id(first)?, hex(span_id)?)?;
    let sampled = parts.next().and_then(b3_sampled);
    Some(Caller {
        parent: Some(parent),
        sampled,
        ..Caller::default()
    })
}

fn b3_multi<'a>(lookup: impl Fn(&str) -> Option<&'a str>) -> Caller {
    let parent = lookup("x-b3-traceid")
        .and_then(b3_trace_id)
        .zip(lookup("x-b3-spanid").and_then(hex))
        .and_then(|(trace_id, span_id)| ids(trace_id, span_id));
    let debug = lookup("x-b3-flags") == Some("1");
    let sampled = if debug {
        Some(true)
    } else {
        lookup("x-b3-sampled").and_then(b3_sampled)
    };
    Caller {
        parent,
        sampled,
        ..Caller::default()
    }
}

fn b3_sampled(text: &str) -> Option<bool> {
    match text {
        "1" | "d" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

/// B3 has ids of 64 bits, too; they are the lower half.
fn b3_trace_id(text: &str) -> Option<[u8; 16]> {
    if text.len() != 16 {
        return hex(text);
    }
    let mut id = [0; 16];
    id[8..].copy_from_slice(&hex::<8>(text)?);
    Some(id)
}

/// Ids of zeros stand for none.
fn ids(trace_id: [u8; 16], span_id: [u8; 8]) -> Option<([u8; 16], [u8; 8])> {
    (trace_id != [0; 16] && span_id != [0; 8]).then_some((trace_id, span_id))
}

fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut out = [0; N];
    if text.len() != N * 2 {
        return None;
    }
    data_encoding::HEXLOWER_PERMISSIVE
        .decode_mut(text.as_bytes(), &mut out)
        .ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    fn read(headers: &[(&str, &str)]) -> Caller {
        extract(|name| {
            headers
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| *value)
        })
    }

    fn parent() -> Option<([u8; 16], [u8; 8])> {
        Some((hex(TRACE)?, hex(SPAN)?))
    }

    #[test]
    fn w3c_trace_context() {
        for (header, sampled) in [
            (format!("00-{TRACE}-{SPAN}-01"), true),
            (format!("00-{TRACE}-{SPAN}-00"), false),
            (format!("cc-{TRACE}-{SPAN}-03-more-of-it"), true),
        ] {
            let caller = read(&[("traceparent", &header), ("tracestate", "a=b"), ("b3", "0")]);
            assert_eq!(
                (caller.parent, caller.sampled),
                (parent(), Some(sampled)),
                "{header}"
            );
            assert_eq!(caller.state.get("a"), Some("b"));
        }
        for header in [
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{}-{SPAN}-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}x-{SPAN}-01"),
            "é".repeat(20),
            String::new(),
        ] {
            assert_eq!(
                read(&[("traceparent", &header)]),
                Caller::default(),
                "{header}"
            );
        }
    }

    #[test]
    fn b3() {
        let short = Some((
            hex("00000000000000008448eb211c80319c").expect("hex"),
            hex(SPAN).expect("hex"),
        ));
        for (header, parent, sampled) in [
            (format!("{TRACE}-{SPAN}-1"), parent(), Some(true)),
            (format!("{TRACE}-{SPAN}-d-{SPAN}"), parent(), Some(true)),
            (format!("{TRACE}-{SPAN}-0"), parent(), Some(false)),
            (format!("{TRACE}-{SPAN}"), parent(), None),
            (format!("{}-{SPAN}-1", &TRACE[16..]), short, Some(true)),
            ("0".to_owned(), None, Some(false)),
            ("x".to_owned(), None, None),
            (format!("{TRACE}-short-1"), None, None),
        ] {
            let caller = read(&[("b3", &header)]);
            assert_eq!(
                (caller.parent, caller.sampled),
                (parent, sampled),
                "{header}"
            );
        }
        let caller = read(&[
            ("x-b3-traceid", TRACE),
            ("x-b3-spanid", SPAN),
            ("x-b3-sampled", "0"),
        ]);
        assert_eq!((caller.parent, caller.sampled), (parent(), Some(false)));
        let caller = read(&[("x-b3-traceid", TRACE), ("x-b3-flags", "1")]);
        assert_eq!((caller.parent, caller.sampled), (None, Some(true)));
    }
}
