//! How a connection begins. Whoever sends a request byte by byte is to cost no more than what they
//! sent: the memory of HTTP is only taken once a whole head is there, or something that is none.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// What most heads fit into.
const USUAL_HEAD: usize = 768;
/// Longer heads are read by HTTP, which has its own bound.
const LONGEST_HEAD: usize = 8 * 1024;

/// A stream of which the beginning has been read already.
#[derive(Debug)]
pub(crate) struct Begun<S> {
    beginning: Vec<u8>,
    taken: usize,
    stream: S,
}

impl<S: AsyncRead + Unpin> Begun<S> {
    /// Reads until it is worth it to look at what was sent. `None` if that takes longer than
    /// `patience`, or the stream ends first.
    pub(crate) async fn begin(mut stream: S, patience: Duration) -> Option<Self> {
        let mut beginning = Vec::new();
        let read = async {
            loop {
                let before = beginning.len();
                if before == beginning.capacity() {
                    beginning.reserve(if before < 64 { 64 } else { USUAL_HEAD });
                }
                match stream.read_buf(&mut beginning).await {
                    Ok(1..) if is_worth_it(&beginning, before) => return Some(()),
                    Ok(1..) => {}
                    Ok(0) | Err(_) => return None,
                }
            }
        };
        tokio::time::timeout(patience, read).await.ok().flatten()?;
        Some(Self { beginning, taken: 0, stream })
    }
}

/// Whether a head is complete, or is none, or a long one. Up to `before` it was not.
fn is_worth_it(beginning: &[u8], before: usize) -> bool {
    let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n');
    let new = beginning.get(before..).unwrap_or_default();
    if beginning.len() >= LONGEST_HEAD || !new.iter().all(is_text) {
        return true;
    }
    let end = beginning.get(before.saturating_sub(3)..).unwrap_or_default();
    let ends = |end: &[u8]| end.starts_with(b"\n\n") || end.starts_with(b"\n\r\n");
    if (0..end.len()).any(|at| end.get(at..).is_some_and(ends)) {
        return true;
    }
    let line = beginning.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_over = line.len() < beginning.len();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    is_over && ![&b" HTTP/1.1"[..], b" HTTP/1.0"].iter().any(|version| line.ends_with(version))
}

impl<S: AsyncRead + Unpin> AsyncRead for Begun<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = self.beginning.get(self.taken..).unwrap_or_default();
        if left.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let length = left.len().min(buffer.remaining());
        buffer.put_slice(left.get(..length).unwrap_or_default());
        self.taken += length;
        if self.taken == self.beginning.len() {
            self.beginning = Vec::new();
            self.taken = 0;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Begun<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);
    const HEAD: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

    #[tokio::test(start_paused = true)]
    async fn a_head_that_comes_in_pieces_is_read_whole_and_what_follows_too() {
        for piece in [1, 2, 7, HEAD.len()] {
            let (ours, mut theirs) = tokio::io::duplex(64);
            let writer = tokio::spawn(async move {
                for piece in HEAD.chunks(piece) {
                    theirs.write_all(piece).await.unwrap();
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                theirs.write_all(b"body").await.unwrap();
            });
            let mut begun = Begun::begin(ours, PATIENCE).await.unwrap();
            assert!(begun.beginning.len() >= HEAD.len(), "{piece}");
            let mut all = Vec::new();
            begun.read_to_end(&mut all).await.unwrap();
            assert_eq!(all, [HEAD, b"body"].concat());
            writer.await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_too_little_is_not_waited_for() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        theirs.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
        assert!(Begun::begin(ours, PATIENCE).await.is_none());
        let (ours, theirs) = tokio::io::duplex(64);
        drop(theirs);
        assert!(Begun::begin(ours, PATIENCE).await.is_none());
    }

    #[test]
    fn what_is_no_head_is_for_http_to_refuse_at_once() {
        for none in [
            &b"\x16\x03\x01\x02"[..],
            b"GET / HTTP/9.9\r\n",
            b"HELO there\n",
            b"GET / HTTP/1.1\r\nx: \xff",
            b"\n",
            &[b'a'; LONGEST_HEAD],
        ] {
            assert!(is_worth_it(none, 0), "{none:?}");
        }
        for begun in [&b"G"[..], b"GET / HT", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\nhost: x\r\n"]
        {
            assert!(!is_worth_it(begun, 0), "{begun:?}");
        }
        for end in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"GET / HTTP/1.0\na: b\n\n"] {
            for before in 0..end.len() {
                assert!(is_worth_it(end, before), "{end:?} from {before}");
            }
        }
    }
}
