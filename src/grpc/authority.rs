//! Makes the `:authority` of calls over a socket file one that h2 takes.
//!
//! Several gRPC clients name the percent-encoded path of the socket there, which is no host, and h2
//! answers it by resetting the stream. Nobody reads the authority, so that this adapter overwrites
//! the characters at fault while the bytes pass; all lengths stay. It is not a check of anything:
//! where it does not understand the bytes, it leaves them and all that follow to h2.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

mod fields;
mod frames;
mod value;

use frames::Frames;

/// A connection whose incoming authorities are put right, if its addresses are file names.
#[derive(Debug)]
pub(super) struct Readable<S> {
    stream: S,
    /// None where there is nothing to do, or not any more.
    frames: Option<Frames>,
}

// === impl Readable ===

impl<S> Readable<S> {
    /// Wraps a connection before its first byte is read.
    pub(super) fn new(stream: S, over_file: bool) -> Self {
        Self {
            stream,
            frames: over_file.then(Frames::default),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Readable<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        let read = buf.filled_mut().get_mut(before..);
        if let (Some(frames), Some(read)) = (&mut this.frames, read)
            && frames.follow(read).is_none()
        {
            this.frames = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Readable<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
