//! Addresses as the plugin's `addr` spells them.

use crate::grpc::Address;

/// Reads one address of the gRPC listener; unix sockets get `mode`.
pub(super) fn parse(text: &str, mode: Option<u32>) -> Result<Address, String> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("grpc", text));
    match scheme {
        "grpc" => host_port(rest).map(|()| Address::Tcp(rest.to_owned())),
        "unix" => match rest.strip_prefix('@') {
            Some("") => Err(format!("`{text}` has no name behind the `@`")),
            Some(name) => Ok(Address::Abstract(name.to_owned())),
            None if rest.is_empty() => Err(format!("`{text}` has no path")),
            None => Ok(Address::Unix {
                path: rest.into(),
                mode,
            }),
        },
        other => Err(format!(
            "the scheme `{other}` is not one of grpc and unix; write `host:port`, \
             `grpc://host:port`, `unix:///path` or `unix://@name`"
        )),
    }
}

/// Whether `text` is `host:port`, `:port` or `[v6]:port`.
pub(super) fn host_port(text: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("`{text}` {why}; write `host:port`"));
    let Some((host, port)) = text.rsplit_once(':') else {
        return wrong("has no port");
    };
    if port.parse::<u16>().is_err() {
        return wrong("has no port from 0 to 65535");
    }
    let bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    match bracketed {
        Some(v6)
            if v6
                .split('%')
                .next()
                .is_none_or(|ip| ip.parse::<std::net::Ipv6Addr>().is_err()) =>
        {
            wrong("has no IPv6 address in its brackets")
        }
        None if host.contains(':') => wrong("needs brackets around its IPv6 address"),
        None if host.contains(['/', '[', ']', '@', ' ']) => wrong("has no host name or IP address"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_the_peers_forms() {
        let tcp = |text: &str| Ok(Address::Tcp(text.to_owned()));
        let table = [
            (":9191", tcp(":9191")),
            ("grpc://0.0.0.0:9191", tcp("0.0.0.0:9191")),
            ("localhost:0", tcp("localhost:0")),
            ("[::1]:9191", tcp("[::1]:9191")),
            (
                "unix:///run/a.sock",
                Ok(Address::Unix {
                    path: "/run/a.sock".into(),
                    mode: Some(0o660),
                }),
            ),
            (
                "unix://rel/a.sock",
                Ok(Address::Unix {
                    path: "rel/a.sock".into(),
                    mode: Some(0o660),
                }),
            ),
            ("unix://@name", Ok(Address::Abstract("name".to_owned()))),
            ("unix://", Err("`unix://` has no path")),
            ("unix://@", Err("`unix://@` has no name behind the `@`")),
            (
                "localhost",
                Err("`localhost` has no port; write `host:port`"),
            ),
            (
                "a:99999",
                Err("`a:99999` has no port from 0 to 65535; write `host:port`"),
            ),
            (
                "::1:9191",
                Err("`::1:9191` needs brackets around its IPv6 address; write `host:port`"),
            ),
            (
                "[x]:1",
                Err("`[x]:1` has no IPv6 address in its brackets; write `host:port`"),
            ),
            (
                "grpc://a/b:1",
                Err("`a/b:1` has no host name or IP address; write `host:port`"),
            ),
        ];
        for (text, want) in table {
            assert_eq!(
                parse(text, Some(0o660)),
                want.map_err(str::to_owned),
                "`{text}`"
            );
        }
        assert!(
            parse("http://a:1", None)
                .expect_err("bad")
                .starts_with("the scheme `http`")
        );
    }
}
