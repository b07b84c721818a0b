//! Memory that Windows writes into: kept from one look to the next, and made larger until what is
//! asked for fits.
#![allow(
    unsafe_code,
    reason = "what Windows wrote is looked at byte by byte, but has to be aligned"
)]

use std::ffi::c_void;
use std::io;

use procnet_core::memory::{is_slack, roomy};

/// Most bytes that one answer may have: some 400,000 sockets of one table.
const MAX_LENGTH: usize = 64 << 20;
/// What a buffer has room for at first.
const FIRST_LENGTH: usize = 64 << 10;
/// What is asked for may grow while it is asked for: so often is it asked again.
const MAX_ATTEMPTS: usize = 16;

/// What came of one attempt to have the buffer filled.
pub(super) enum Answer {
    /// It is there, and has at most so many bytes.
    Fits(usize),
    /// It would have about so many bytes.
    Needs(usize),
}

/// The memory, aligned for whatever Windows writes.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    words: Vec<u64>,
    /// Length of the latest answer in bytes.
    filled: usize,
}

impl Buffer {
    /// The latest answer.
    pub(super) fn bytes(&self) -> &[u8] {
        let length = self.filled.min(size_of_val(self.words.as_slice()));
        // SAFETY: the words are initialised, there are at least `length` bytes of them, a byte
        // needs no alignment and may have any value, and the borrow keeps them in place.
        unsafe { std::slice::from_raw_parts(self.words.as_ptr().cast(), length) }
    }

    /// The address of the first byte: answers may contain addresses within themselves.
    pub(super) fn base(&self) -> u64 {
        self.words.as_ptr().addr() as u64
    }

    /// Has `ask` fill the buffer, with room for at least `least` bytes; it gets where to write and
    /// for how many bytes there is room. Asks again with more room while it takes more.
    ///
    /// `ask` must have written every byte that it says is there, or leave it as it is.
    pub(super) fn fill(
        &mut self,
        least: usize,
        mut ask: impl FnMut(*mut c_void, u32) -> io::Result<Answer>,
    ) -> io::Result<()> {
        self.filled = 0;
        let mut wanted = least.max(FIRST_LENGTH);
        for _ in 0..MAX_ATTEMPTS {
            if wanted > MAX_LENGTH {
                return Err(io::Error::new(
                    io::ErrorKind::FileTooLarge,
                    format!("it has more than {MAX_LENGTH} bytes"),
                ));
            }
            let words = wanted.div_ceil(size_of::<u64>());
            if self.words.len() < words {
                self.words.resize(words, 0);
            }
            let room = size_of_val(self.words.as_slice());
            let told = u32::try_from(room).unwrap_or(u32::MAX);
            match ask(self.words.as_mut_ptr().cast(), told)? {
                Answer::Fits(length) => {
                    self.filled = length.min(room);
                    self.give_back();
                    return Ok(());
                }
                // Some more, for what is added until the next attempt.
                Answer::Needs(length) => wanted = length.max(room).saturating_add(room / 8),
            }
        }
        let message = "it grows faster than it can be read";
        Err(io::Error::new(io::ErrorKind::ResourceBusy, message))
    }

    /// Of the latest answer only so many bytes matter.
    pub(super) fn keep(&mut self, length: usize) {
        self.filled = self.filled.min(length);
        self.give_back();
    }

    /// Gives back what a much longer answer once needed.
    fn give_back(&mut self) {
        let used = self.filled.div_ceil(size_of::<u64>());
        if is_slack(self.words.len(), used) {
            self.words.truncate(roomy(used).max(FIRST_LENGTH / size_of::<u64>()));
            self.words.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(to: *mut c_void, byte: u8, length: usize) {
        // SAFETY: only called with what `fill` hands out, and after its length was compared.
        unsafe { std::ptr::write_bytes(to.cast::<u8>(), byte, length) }
    }

    #[test]
    fn it_grows_until_the_answer_fits_and_shrinks_again() {
        let mut buffer = Buffer::default();
        let mut long = 100_000;
        buffer
            .fill(0, |to, room| {
                if (room as usize) < long {
                    long += 10_000;
                    return Ok(Answer::Needs(long - 10_000));
                }
                write(to, 7, long);
                Ok(Answer::Fits(long))
            })
            .unwrap();
        assert_eq!(buffer.bytes().len(), long);
        assert!(buffer.bytes().iter().all(|&byte| byte == 7));
        assert_eq!(buffer.base() % 8, 0);

        let large = 1 << 20;
        buffer.fill(large, |_, room| Ok(Answer::Fits(room as usize))).unwrap();
        buffer.fill(0, |_, _| Ok(Answer::Fits(3))).unwrap();
        assert_eq!(buffer.bytes().len(), 3);
        assert!(buffer.words.capacity() * 8 < large);
    }

    #[test]
    fn it_gives_up_in_the_end() {
        let mut buffer = Buffer::default();
        let mut asked = 0;
        let grows = buffer.fill(0, |_, room| {
            asked += 1;
            Ok(Answer::Needs(room as usize + 1))
        });
        assert!(grows.is_err() && asked <= MAX_ATTEMPTS);
        assert!(buffer.fill(0, |_, _| Ok(Answer::Needs(MAX_LENGTH + 1))).is_err());
        assert!(buffer.fill(0, |_, _| Err(io::Error::other("no"))).is_err());
        assert!(buffer.bytes().is_empty(), "nothing of a failed answer is left");
    }
}
