//! The two calls of bpf(2) that aya has no words for: attaching an iterator to one map or one
//! process, and walking with it.
#![allow(unsafe_code, reason = "bpf(2) has no safe wrapper that takes an iterator's parameters")]

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::libc;

/// Commands and the attach type of `include/uapi/linux/bpf.h`.
const BPF_LINK_CREATE: libc::c_long = 28;
const BPF_ITER_CREATE: libc::c_long = 33;
const BPF_TRACE_ITER: u32 = 28;

/// What an iterator walks over: `union bpf_iter_link_info`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'a> {
    /// All there is of its kind.
    Everything,
    /// What is stored in this map.
    Map(BorrowedFd<'a>),
    /// The descriptors of the process with this id, as of Linux 6.1.
    Process(u32),
}

/// `union bpf_attr` for `BPF_LINK_CREATE`.
#[repr(C)]
struct LinkAttributes {
    program: RawFd,
    target: u32,
    attach_type: u32,
    flags: u32,
    /// An address, in eight bytes whatever the width of a pointer.
    information: u64,
    information_length: u32,
    reserved: u32,
}

/// `union bpf_iter_link_info`: the map's descriptor, or `{tid, pid, pid_fd}`.
type Information = [u32; 4];

/// `union bpf_attr` for `BPF_ITER_CREATE`.
#[repr(C)]
struct IteratorAttributes {
    link: RawFd,
    flags: u32,
}

/// An iterator's program that knows what to walk over.
#[derive(Debug)]
pub(super) struct Link(OwnedFd);

impl Link {
    /// Attaches a loaded program.
    pub(super) fn new(program: BorrowedFd<'_>, target: Target<'_>) -> io::Result<Self> {
        let information: Information = match target {
            Target::Everything => [0; 4],
            Target::Map(map) => [map.as_raw_fd().cast_unsigned(), 0, 0, 0],
            Target::Process(pid) => [0, pid, 0, 0],
        };
        let told = !matches!(target, Target::Everything);
        let attributes = LinkAttributes {
            program: program.as_raw_fd(),
            target: 0,
            attach_type: BPF_TRACE_ITER,
            flags: 0,
            information: if told { (&raw const information).expose_provenance() as u64 } else { 0 },
            information_length: if told { size_of::<Information>() as u32 } else { 0 },
            reserved: 0,
        };
        // SAFETY: the command reads `attributes`, which has the layout that it expects, and what
        // it points to; both outlive the call.
        unsafe { descriptor(BPF_LINK_CREATE, &attributes) }.map(Self)
    }

    /// The same, to be walked with elsewhere.
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Begins a walk: it goes on as the file is read.
    pub(super) fn walk(&self) -> io::Result<File> {
        let attributes = IteratorAttributes { link: self.0.as_fd().as_raw_fd(), flags: 0 };
        // SAFETY: the command reads `attributes`, which has the layout that it expects and no
        // pointers, and outlives the call.
        unsafe { descriptor(BPF_ITER_CREATE, &attributes) }.map(File::from)
    }
}

/// Calls bpf(2) with a command that answers with a new descriptor.
///
/// # Safety
///
/// `attributes` must be what the command expects, with pointers that are valid for the call; the
/// command must write nothing to them and answer with a descriptor of the caller's own.
unsafe fn descriptor<T>(command: libc::c_long, attributes: &T) -> io::Result<OwnedFd> {
    let pointer: *const T = attributes;
    // SAFETY: the kernel reads `size_of::<T>()` bytes from a live reference; the caller vouches
    // for what they say.
    let answer = unsafe { libc::syscall(libc::SYS_bpf, command, pointer, size_of::<T>()) };
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    let number = RawFd::try_from(answer).map_err(io::Error::other)?;
    // SAFETY: the kernel has just made the descriptor for this call, so nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_the_kernels() {
        assert_eq!(std::mem::offset_of!(LinkAttributes, attach_type), 8);
        assert_eq!(std::mem::offset_of!(LinkAttributes, information), 16);
        assert_eq!(std::mem::offset_of!(LinkAttributes, information_length), 24);
        assert_eq!((size_of::<LinkAttributes>(), size_of::<IteratorAttributes>()), (32, 8));
    }

    #[test]
    fn what_is_no_program_is_refused() {
        let file = File::open("/dev/null").unwrap();
        assert!(Link::new(file.as_fd(), Target::Everything).is_err());
        assert!(Link::new(file.as_fd(), Target::Process(1)).is_err());
    }
}
