//! Binding: names resolved, stale socket files replaced, modes set before anyone can connect.

use std::fs;
use std::io;
use std::net::{Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Type};

use super::{Address, BoundAddress, Listener, Socket};

const BACKLOG: i32 = 1024;

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The text is not `host:port`.
    #[error("`{address}` is not an address to listen on: expected `host:port`")]
    Syntax {
        /// As it was given.
        address: String,
    },
    /// The host has no address.
    #[error("cannot listen on `{address}`: the host name does not resolve: {source}")]
    Resolve {
        /// As it was given.
        address: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// The system refused.
    #[error("cannot listen on `{address}`: {source}")]
    Listen {
        /// As it was given.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// Something that is not a socket lies at the socket's path.
    #[error(
        "cannot listen on `unix://{}`: a file that is not a socket lies there; \
         remove it, or choose another path",
        path.display()
    )]
    NotASocket {
        /// The socket's path.
        path: PathBuf,
    },
    /// Somebody serves the socket; to take its place would cut them off in silence.
    #[error(
        "cannot listen on `unix://{}`: another process listens there; \
         end it, or choose another path",
        path.display()
    )]
    Taken {
        /// The socket's path.
        path: PathBuf,
    },
}

/// A socket file of ours, removed on drop unless another has taken its place.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    identity: Identity,
}

/// Device, inode and time of birth: an inode's number may be used again at once.
type Identity = (u64, u64, i64, i64);

/// Binds an address and begins to listen; a name such as `localhost` may give several listeners.
pub fn bind(address: &Address) -> Result<Vec<Listener>, BindError> {
    let listen_error = |source| BindError::Listen {
        address: address.to_string(),
        source,
    };
    match address {
        Address::Tcp(text) => bind_tcp(text),
        Address::Unix { path, mode } => {
            remove_stale(path)?;
            bind_unix(path, *mode)
                .map(|listener| vec![listener])
                .map_err(listen_error)
        }
        Address::Abstract(name) => bind_abstract(name)
            .map(|listener| vec![listener])
            .map_err(listen_error),
    }
}

fn bind_tcp(text: &str) -> Result<Vec<Listener>, BindError> {
    let mut listeners = Vec::new();
    let mut first_error = None;
    for mut address in resolve(text)? {
        if let (0, Some(port)) = (address.port(), port_of(listeners.first())) {
            address.set_port(port);
        }
        match listen_tcp(address) {
            Ok(listener) => listeners.push(listener),
            Err(error) if is_family_missing(&error) => {
                first_error.get_or_insert(error);
            }
            Err(source) => {
                return Err(BindError::Listen {
                    address: text.to_owned(),
                    source,
                });
            }
        }
    }
    match first_error {
        Some(source) if listeners.is_empty() => Err(BindError::Listen {
            address: text.to_owned(),
            source,
        }),
        _ => Ok(listeners),
    }
}

/// The socket addresses of `host:port`, IPv4 before IPv6; for every address of the machine, `::`
/// alone where one socket serves both families.
fn resolve(text: &str) -> Result<Vec<SocketAddr>, BindError> {
    let syntax = || BindError::Syntax {
        address: text.to_owned(),
    };
    let (host, port) = text.rsplit_once(':').ok_or_else(syntax)?;
    let port: u16 = if port.is_empty() {
        0
    } else {
        port.parse().map_err(|_| syntax())?
    };
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    if matches!(host, "" | "0.0.0.0" | "::") {
        let any = if has_ipv6() { "::" } else { "0.0.0.0" };
        return Ok((any, port)
            .to_socket_addrs()
            .into_iter()
            .flatten()
            .collect());
    }
    let mut addresses: Vec<_> = (host, port)
        .to_socket_addrs()
        .map_err(|source| BindError::Resolve {
            address: text.to_owned(),
            source,
        })?
        .collect();
    if host.eq_ignore_ascii_case("localhost") {
        // Clients may try either family, whatever the hosts file says.
        addresses.push((Ipv6Addr::LOCALHOST, port).into());
    }
    addresses.sort_by_key(SocketAddr::is_ipv6);
    addresses.dedup();
    Ok(addresses)
}

fn has_ipv6() -> bool {
    socket2::Socket::new(Domain::IPV6, Type::STREAM, None)
        .and_then(|socket| socket.bind(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)).into()))
        .is_ok()
}

/// The machine lacks this address or this family of addresses; another may do.
fn is_family_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(libc::EAFNOSUPPORT)
}

fn port_of(listener: Option<&Listener>) -> Option<u16> {
    match listener?.address {
        BoundAddress::Tcp(address) => Some(address.port()),
        _ => None,
    }
}

fn listen_tcp(address: SocketAddr) -> io::Result<Listener> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // Only the wildcard takes IPv4 too; `[::1]` must not collide with `127.0.0.1`.
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    let socket = std::net::TcpListener::from(socket);
    let address = BoundAddress::Tcp(socket.local_addr()?);
    Ok(Listener {
        socket: Socket::Tcp(socket),
        address,
        file: None,
    })
}

fn remove_stale(path: &Path) -> Result<(), BindError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => {
            if is_served(path) {
                return Err(BindError::Taken {
                    path: path.to_owned(),
                });
            }
            fs::remove_file(path)
        }
        Ok(_) => {
            return Err(BindError::NotASocket {
                path: path.to_owned(),
            });
        }
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BindError::Listen {
            address: format!("unix://{}", path.display()),
            source: error,
        }),
        _ => Ok(()),
    }
}

/// Whether somebody listens on the socket. One whose queue is full, or that we may not use, is served
/// too: only a refusal says that its process is gone.
fn is_served(path: &Path) -> bool {
    let connected = socket2::Socket::new(Domain::UNIX, Type::STREAM, None).and_then(|socket| {
        // A full queue must not make the start wait.
        socket.set_nonblocking(true)?;
        socket.connect(&SockAddr::unix(path)?)
    });
    !matches!(
        connected.map_err(|error| error.kind()),
        Err(io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound)
    )
}

fn bind_unix(path: &Path, mode: Option<u32>) -> io::Result<Listener> {
    let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    let file = SocketFile::new(path)?;
    if let Some(mode) = mode {
        // Before `listen`: nobody connects under the mode that the umask left.
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(Listener {
        socket: Socket::Unix(socket.into()),
        address: BoundAddress::Unix(path.to_owned()),
        file: Some(file),
    })
}

fn bind_abstract(name: &str) -> io::Result<Listener> {
    let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
    let socket = std::os::unix::net::UnixListener::bind_addr(&address)?;
    socket.set_nonblocking(true)?;
    Ok(Listener {
        socket: Socket::Unix(socket),
        address: BoundAddress::Abstract(name.to_owned()),
        file: None,
    })
}

// === impl SocketFile ===

impl SocketFile {
    fn new(path: &Path) -> io::Result<Self> {
        let identity = identity(path)?;
        Ok(Self {
            path: path.to_owned(),
            identity,
        })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|found| found == self.identity) {
            // Nothing is lost if it stays: the next start replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<Identity> {
    fs::symlink_metadata(path)
        .map(|found| (found.dev(), found.ino(), found.mtime(), found.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(text: &str) -> Result<Vec<Listener>, BindError> {
        bind(&Address::Tcp(text.to_owned()))
    }

    #[test]
    fn localhost_has_one_port_on_every_family() {
        let listeners = tcp("localhost:0").unwrap();
        let port = port_of(listeners.first());
        assert!(
            listeners
                .iter()
                .all(|listener| port_of(Some(listener)) == port)
        );
        assert!(listeners.iter().any(|listener| {
            matches!(listener.address, BoundAddress::Tcp(address) if address.ip().is_ipv4())
        }));
    }

    #[test]
    fn a_wildcard_is_reached_over_ipv4() {
        for text in [":0", "0.0.0.0:0"] {
            let listeners = tcp(text).unwrap();
            assert_eq!(listeners.len(), 1, "{text}");
            let port = port_of(listeners.first()).unwrap();
            std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        }
    }

    #[test]
    fn what_is_not_an_address_is_named() {
        for (text, expected) in [
            (
                "localhost",
                "`localhost` is not an address to listen on: expected `host:port`",
            ),
            (
                "localhost:http",
                "`localhost:http` is not an address to listen on",
            ),
            (
                "nowhere.invalid:1",
                "cannot listen on `nowhere.invalid:1`: the host name",
            ),
        ] {
            let error = tcp(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn a_taken_port_is_an_error() {
        let first = tcp("127.0.0.1:0").unwrap();
        let address = first.first().unwrap().address.to_string();
        let error = tcp(&address).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("cannot listen on `{address}`: ")),
            "{error}"
        );
    }

    #[test]
    fn a_stale_socket_is_replaced_and_removed_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("authz.sock");
        // std leaves the file behind: what a killed process leaves.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let address = Address::Unix {
            path: path.clone(),
            mode: Some(0o640),
        };
        let listeners = bind(&address).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o640
        );
        drop(listeners);
        assert!(!path.exists());
    }

    #[test]
    fn a_file_that_took_the_place_of_ours_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("authz.sock");
        let address = Address::Unix {
            path: path.clone(),
            mode: None,
        };
        let old = bind(&address).unwrap();
        fs::remove_file(&path).unwrap();
        let _new = bind(&address).unwrap();
        drop(old);
        assert!(path.exists());
    }

    #[test]
    fn a_socket_that_somebody_serves_is_not_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("authz.sock");
        let address = Address::Unix {
            path: path.clone(),
            mode: None,
        };
        let _served = bind(&address).unwrap();
        let error = bind(&address).unwrap_err();
        assert!(matches!(error, BindError::Taken { .. }), "{error}");
        std::os::unix::net::UnixStream::connect(&path).unwrap();
    }

    #[test]
    fn a_regular_file_is_never_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("precious");
        fs::write(&path, "data").unwrap();
        let error = bind(&Address::Unix {
            path: path.clone(),
            mode: None,
        })
        .unwrap_err();
        assert!(matches!(error, BindError::NotASocket { .. }));
        assert_eq!(fs::read(&path).unwrap(), b"data");
    }
}
