//! The flags of the HTTP listeners into [`http::ListenConfig`].

use super::address;
use super::flags::Flags;
use super::problem::Report;
use crate::rest::Authentication;
use crate::{http, tls};

pub(super) fn read(
    flag: &'static str,
    addrs: &[String],
    flags: &Flags,
    report: &mut Report,
) -> http::ListenConfig {
    // The TLS flags concern both listeners; what is wrong with them is said once.
    let tls = listener_tls(flags, if flag == "--addr" { Some(report) } else { None });
    for addr in addrs {
        if let Err(error) = check_address(addr, tls.is_some()) {
            report.flag_error(flag, error);
        }
    }
    http::ListenConfig {
        addrs: addrs.to_vec(),
        tls,
        h2c: flags.h2c,
        unix_socket_mode: Some(flags.process.unix_socket_perm),
    }
}

fn check_address(addr: &str, has_tls: bool) -> Result<(), String> {
    match addr.split_once("://") {
        None | Some(("http", _)) => {
            address::host_port(addr.strip_prefix("http://").unwrap_or(addr))
        }
        Some(("https", _)) if !has_tls => Err(format!(
            "`{addr}` needs --tls-cert-file and --tls-private-key-file"
        )),
        Some(("https", rest)) => address::host_port(rest),
        Some(("unix", "")) => Err(format!("`{addr}` has no path")),
        Some(("unix", _)) => Ok(()),
        Some((scheme, _)) => Err(format!(
            "the scheme `{scheme}` is not one of http, https and unix"
        )),
    }
}

fn listener_tls(flags: &Flags, mut report: Option<&mut Report>) -> Option<tls::Config> {
    let files = &flags.tls;
    let suites = tls::check_cipher_suites(&files.cipher_suites);
    if let (Some(report), Err(error)) = (&mut report, suites) {
        report.flag_error("--tls-cipher-suites", error.to_string());
    }
    match (files.cert_file.clone(), files.private_key_file.clone()) {
        (Some(cert_file), Some(private_key_file)) => {
            let verifies = flags.authentication == Authentication::Tls;
            match (report, &files.ca_cert_file) {
                (Some(report), Some(_)) if !verifies => report.flag_note(
                    "--tls-ca-cert-file",
                    "clients' certificates are verified with --authentication=tls alone",
                ),
                (Some(report), None) if verifies => report.flag_error(
                    "--authentication",
                    "`tls` needs --tls-ca-cert-file, the authorities of clients' certificates",
                ),
                _ => {}
            }
            Some(tls::Config {
                cert_file,
                private_key_file,
                ca_cert_file: files.ca_cert_file.clone().filter(|_| verifies),
                client_auth: if verifies {
                    tls::ClientAuth::Require
                } else {
                    tls::ClientAuth::None
                },
                min_version: files.min_version,
                cipher_suites: files.cipher_suites.clone(),
                refresh_period: files.cert_refresh_period,
            })
        }
        (None, None) if files.ca_cert_file.is_none() => {
            if let (Some(report), Authentication::Tls) = (report, flags.authentication) {
                let message = "`tls` needs --tls-cert-file and --tls-private-key-file";
                report.flag_error("--authentication", message);
            }
            None
        }
        _ => {
            if let Some(report) = report {
                let message = "TLS needs both --tls-cert-file and --tls-private-key-file";
                report.flag_error("--tls-cert-file", message);
            }
            None
        }
    }
}
