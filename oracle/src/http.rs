//! HTTP/1.1, as much of it as OPA's server on this machine needs: one connection, one request after the other.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection that is opened when it is needed.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    open: Option<BufReader<TcpStream>>,
}

impl Client {
    /// A client of one server.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            open: None,
        }
    }

    /// Sends a request; gives the status and the body of the response.
    pub fn send(&mut self, method: &str, path: &str, body: &str) -> io::Result<(u16, Vec<u8>)> {
        let mut stream = match self.open.take() {
            Some(stream) => stream,
            None => connect(self.address)?,
        };
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.get_mut().write_all(request.as_bytes())?;
        let response = receive(&mut stream)?;
        self.open = Some(stream);
        Ok(response)
    }
}

// === helpers ===

fn connect(address: SocketAddr) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(BufReader::new(stream))
}

fn receive(stream: &mut BufReader<TcpStream>) -> io::Result<(u16, Vec<u8>)> {
    let status = line(stream)?;
    let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| wrong("a status line"))?;
    let (mut length, mut chunked) = (0, false);
    loop {
        let header = line(stream)?.to_ascii_lowercase();
        match header.split_once(": ") {
            Some(("content-length", value)) => {
                length = value.parse().map_err(|_| wrong("a length"))?;
            }
            Some(("transfer-encoding", "chunked")) => chunked = true,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = Vec::new();
    if chunked {
        chunks(stream, &mut body)?;
    } else {
        take(stream, length, &mut body)?;
    }
    Ok((status, body))
}

fn chunks(stream: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let size = u64::from_str_radix(&line(stream)?, 16).map_err(|_| wrong("a chunk's size"))?;
        take(stream, size, body)?;
        line(stream)?;
        if size == 0 {
            return Ok(());
        }
    }
}

fn take(stream: &mut BufReader<TcpStream>, length: u64, body: &mut Vec<u8>) -> io::Result<()> {
    let got = stream.take(length).read_to_end(body)?;
    if got as u64 == length {
        Ok(())
    } else {
        Err(wrong("more bytes"))
    }
}

fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("expected {what}"))
}
