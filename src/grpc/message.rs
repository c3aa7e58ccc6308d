//! The one message of a unary call, out of its gRPC frame.

use bytes::{Buf, Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;

use super::{Code, Status};

/// Compressed flag and length.
pub(super) const PREFIX: usize = 5;

/// Reads a call's message. One that came as a single DATA frame is not copied.
pub(super) async fn read<B>(mut body: B, max: usize) -> Result<Bytes, Status>
where
    B: Body<Data = Bytes> + Unpin,
{
    let Some(first) = next(&mut body).await? else {
        return Err(internal("the call has no message"));
    };
    if body.is_end_stream() {
        return whole(first, max);
    }
    let mut data = BytesMut::from(first);
    loop {
        if let Some(length) = length(&data, max)? {
            has_not_more(data.len(), length)?;
        }
        match next(&mut body).await? {
            Some(more) => data.extend_from_slice(&more),
            None => return whole(data.freeze(), max),
        }
    }
}

/// The next data that is not empty; none at the end, and trailers are an end.
async fn next<B>(body: &mut B) -> Result<Option<Bytes>, Status>
where
    B: Body<Data = Bytes> + Unpin,
{
    while let Some(frame) = body.frame().await {
        match frame.map(http_body::Frame::into_data) {
            Ok(Ok(data)) if data.is_empty() => {}
            Ok(Ok(data)) => return Ok(Some(data)),
            Ok(Err(_trailers)) => return Ok(None),
            // The stream was reset, or the connection is gone: nobody reads this.
            Err(_) => return Err(Status::new(Code::Cancelled, "the call was cancelled")),
        }
    }
    Ok(None)
}

fn whole(mut data: Bytes, max: usize) -> Result<Bytes, Status> {
    match length(&data, max)? {
        Some(length) if data.len() >= PREFIX + length => {
            has_not_more(data.len(), length)?;
            data.advance(PREFIX);
            Ok(data)
        }
        Some(_) => Err(internal("the call ends within its message")),
        None => Err(internal(
            "the call ends within the 5 bytes before its message",
        )),
    }
}

/// The length that the prefix states, as soon as it is there.
fn length(data: &[u8], max: usize) -> Result<Option<usize>, Status> {
    let Some((&[flag, length @ ..], _)) = data.split_first_chunk::<PREFIX>() else {
        return Ok(None);
    };
    match flag {
        0 => {}
        1 => {
            let message = "the message is compressed, and no compression is supported";
            return Err(Status::new(Code::Unimplemented, message));
        }
        _ => return Err(internal("the message has an unknown compression flag")),
    }
    let length = u32::from_be_bytes(length);
    match usize::try_from(length) {
        Ok(length) if length <= max => Ok(Some(length)),
        _ => Err(Status::new(
            Code::ResourceExhausted,
            format!(
                "the message has {length} bytes, more than `grpc-max-recv-msg-size` ({max}) allows"
            ),
        )),
    }
}

/// A second message could be the one that the caller meant.
fn has_not_more(received: usize, length: usize) -> Result<(), Status> {
    if received > PREFIX + length {
        return Err(internal("a unary call has more than one message"));
    }
    Ok(())
}

fn internal(message: &str) -> Status {
    Status::new(Code::Internal, message)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body::Frame;

    use super::*;

    /// A body of these DATA frames.
    struct Frames(VecDeque<Bytes>);

    impl Body for Frames {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(self.0.pop_front().map(|data| Ok(Frame::data(data))))
        }

        fn is_end_stream(&self) -> bool {
            self.0.is_empty()
        }
    }

    async fn read_frames(frames: &[&[u8]]) -> Result<Bytes, Status> {
        let frames = frames
            .iter()
            .map(|frame| Bytes::copy_from_slice(frame))
            .collect();
        read(Frames(frames), 4).await
    }

    #[tokio::test]
    async fn a_message_in_any_number_of_frames() {
        for frames in [
            &[b"\0\0\0\0\x04abcd".as_slice()] as &[&[u8]],
            &[b"\0\0\0\0\x04", b"abcd"],
            &[b"", b"\0", b"\0\0\0", b"", b"\x04ab", b"c", b"d", b""],
        ] {
            assert_eq!(read_frames(frames).await.unwrap(), "abcd");
        }
        assert_eq!(read_frames(&[b"\0\0\0\0\0"]).await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_single_frame_is_not_copied() {
        let frame = Bytes::from_static(b"\0\0\0\0\x02ok");
        let message = read(Frames([frame.clone()].into()), 4).await.unwrap();
        assert_eq!(message.as_ptr(), frame.slice(PREFIX..).as_ptr());
    }

    #[tokio::test]
    async fn what_is_not_one_message_is_refused() {
        for (frames, code, message) in [
            (&[] as &[&[u8]], Code::Internal, "the call has no message"),
            (&[b""], Code::Internal, "the call has no message"),
            (
                &[b"\0\0\0"],
                Code::Internal,
                "the call ends within the 5 bytes before its message",
            ),
            (
                &[b"\0\0\0\0\x04abc"],
                Code::Internal,
                "the call ends within its message",
            ),
            (
                &[b"\0\0\0\0\x04", b"ab"],
                Code::Internal,
                "the call ends within its message",
            ),
            (
                &[b"\0\0\0\0\x01a\0\0\0\0\x01b"],
                Code::Internal,
                "a unary call has more than one message",
            ),
            (
                &[b"\0\0\0\0\x01a", b"\0\0\0\0\x01b"],
                Code::Internal,
                "a unary call has more than one message",
            ),
            (
                &[b"\x01\0\0\0\x01a"],
                Code::Unimplemented,
                "the message is compressed, and no compression is supported",
            ),
            (
                &[b"\x02\0\0\0\x01a"],
                Code::Internal,
                "the message has an unknown compression flag",
            ),
            // Judged by what the prefix states, before the rest arrives.
            (
                &[b"\0\0\0\0\x05", b"a"],
                Code::ResourceExhausted,
                "the message has 5 bytes, more than `grpc-max-recv-msg-size` (4) allows",
            ),
            (
                &[b"\0\xff\xff\xff\xff"],
                Code::ResourceExhausted,
                "the message has 4294967295 bytes, more than `grpc-max-recv-msg-size` (4) allows",
            ),
        ] {
            let error = read_frames(frames).await.unwrap_err();
            assert_eq!(error, Status::new(code, message), "{frames:?}");
        }
    }
}
