//! Whether a certificate is for a host.

use std::net::IpAddr;

use crate::builtins::crypto::certificate::Certificate;

/// Whether one of a certificate's alternative names is the host's. A common name is none.
pub(super) fn matches(certificate: &Certificate<'_>, host: &str) -> bool {
    let Some(names) = &certificate.extended.names else {
        return false;
    };
    let inside = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let inside = inside.filter(|inside| !inside.is_empty()).unwrap_or(host);
    if let Ok(address) = inside.parse::<IpAddr>() {
        let address = address.to_canonical();
        return names
            .addresses
            .iter()
            .any(|own| own.to_canonical() == address);
    }
    let host = host.to_ascii_lowercase();
    let valid = is_name(&host, false);
    names.hosts.iter().any(|own| {
        let own = own.to_ascii_lowercase();
        if valid && is_name(&own, true) {
            return labels_match(&own, &host);
        }
        own == host && own != "." && !own.is_empty()
    })
}

/// Whether a text can be a host's name; a pattern's first label may be a star.
fn is_name(host: &str, pattern: bool) -> bool {
    let host = match host.strip_suffix('.') {
        Some(host) if !pattern => host,
        _ => host,
    };
    let label = |(at, label): (usize, &str)| {
        let inner = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'A'..=b'Z' | b'-' | b'_');
        let star = pattern && at == 0 && label == "*";
        star || !label.is_empty() && !label.starts_with('-') && label.bytes().all(inner)
    };
    host != "*" && host.split('.').enumerate().all(label)
}

fn labels_match(pattern: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let (first, rest) = pattern.split_once('.').unwrap_or((pattern, ""));
    let (host_first, host_rest) = host.split_once('.').unwrap_or((host, ""));
    (first == "*" || first == host_first) && rest == host_rest
}
