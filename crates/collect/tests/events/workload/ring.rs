//! One request after the other through an `io_uring`.
#![expect(unsafe_code, reason = "the kernel writes where a request points to")]

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};

use io_uring::{IoUring, opcode, squeue, types};

/// A ring that holds one request at a time.
pub(super) struct Ring(IoUring);

impl Ring {
    /// `polled`: a thread of the kernel's, in this process, takes the requests from the ring.
    pub(super) fn new(polled: bool) -> io::Result<Self> {
        let mut builder = IoUring::builder();
        if polled {
            builder.setup_sqpoll(50);
        }
        builder.build(2).map(Self)
    }

    pub(super) fn accept(&mut self, listener: BorrowedFd<'_>) -> io::Result<OwnedFd> {
        let listener = types::Fd(listener.as_raw_fd());
        let nowhere = std::ptr::null_mut();
        let accept = opcode::Accept::new(listener, nowhere, nowhere.cast());
        // SAFETY: it points to nothing, and the listener is borrowed until it is completed.
        let number = unsafe { self.one(&accept.flags(nix::libc::SOCK_CLOEXEC).build()) }?;
        // SAFETY: the kernel has just opened it for us.
        Ok(unsafe { OwnedFd::from_raw_fd(number) })
    }

    pub(super) fn send(&mut self, socket: BorrowedFd<'_>, data: &[u8]) -> io::Result<usize> {
        let length = u32::try_from(data.len()).map_err(io::Error::other)?;
        let send = opcode::Send::new(types::Fd(socket.as_raw_fd()), data.as_ptr(), length);
        // SAFETY: socket and data are borrowed until it is completed.
        let sent = unsafe { self.one(&send.build()) }?;
        usize::try_from(sent).map_err(io::Error::other)
    }

    pub(super) fn receive(&mut self, socket: BorrowedFd<'_>, to: &mut [u8]) -> io::Result<usize> {
        let length = u32::try_from(to.len()).map_err(io::Error::other)?;
        let receive = opcode::Recv::new(types::Fd(socket.as_raw_fd()), to.as_mut_ptr(), length);
        // SAFETY: socket and room are borrowed until it is completed.
        let received = unsafe { self.one(&receive.build()) }?;
        usize::try_from(received).map_err(io::Error::other)
    }

    /// Has one request completed: its result.
    ///
    /// # Safety
    ///
    /// What the request names and points to must live, and be nobody else's, until this returns.
    unsafe fn one(&mut self, request: &squeue::Entry) -> io::Result<i32> {
        // SAFETY: as the caller promises; this waits for the completion, also when interrupted.
        unsafe { self.0.submission().push(request) }.map_err(io::Error::other)?;
        loop {
            match self.0.submit_and_wait(1) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    eprintln!("cannot wait for the ring: {error}");
                    // The kernel may still write to what only the caller keeps alive.
                    std::process::abort();
                }
            }
            if let Some(done) = self.0.completion().next() {
                let result = done.result();
                return if result < 0 {
                    Err(io::Error::from_raw_os_error(-result))
                } else {
                    Ok(result)
                };
            }
        }
    }
}
