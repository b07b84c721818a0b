//! Netlink framing: messages and attributes (`include/uapi/linux/netlink.h`), in the byte order
//! of the machine that wrote them.

/// Message type: an error, or an acknowledgement if its code is 0.
pub const NLMSG_ERROR: u16 = 2;
/// Message type: the end of a dump.
pub const NLMSG_DONE: u16 = 3;
/// Message type: data were lost before this message.
pub const NLMSG_OVERRUN: u16 = 4;
/// Flag: the dump was inconsistent, for what it tells changed meanwhile.
pub const NLM_F_DUMP_INTR: u16 = 0x10;
/// Flags of a request for a whole table: `NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH`.
pub const DUMP_REQUEST: u16 = 0x301;

/// Length of a message header in bytes.
pub const HEADER_LENGTH: usize = 16;

const ALIGNMENT: usize = 4;
/// The two upper bits of an attribute's type are flags.
const ATTRIBUTE_TYPE_MASK: u16 = 0x3fff;

/// One netlink message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// What it is: [`NLMSG_DONE`], or the protocol's own number.
    pub kind: u16,
    /// `NLM_F_*`.
    pub flags: u16,
    /// The sequence number of the request that it answers.
    pub sequence: u32,
    /// What follows the header.
    pub payload: &'a [u8],
}

impl Message<'_> {
    /// The error number in an [`NLMSG_ERROR`] or [`NLMSG_DONE`] message, as a positive number;
    /// `None` if there is none, or no error.
    pub fn error(&self) -> Option<i32> {
        let code = i32::from_ne_bytes(array(self.payload, 0)?);
        (code < 0).then_some(code.checked_neg()?)
    }
}

/// The messages of one datagram. A message that does not fit ends the walk: see
/// [`Messages::malformed`].
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    rest: &'a [u8],
    malformed: bool,
}

impl<'a> Messages<'a> {
    /// Walks the messages of `datagram`.
    pub fn new(datagram: &'a [u8]) -> Self {
        Self { rest: datagram, malformed: false }
    }

    /// True if the walk ended at bytes that are no message: the datagram was cut off.
    pub fn malformed(&self) -> bool {
        self.malformed
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let parsed = split_message(self.rest);
        if let Some((message, rest)) = parsed {
            self.rest = rest;
            return Some(message);
        }
        self.malformed = true;
        self.rest = &[];
        None
    }
}

fn split_message(bytes: &[u8]) -> Option<(Message<'_>, &[u8])> {
    let length = u32::from_ne_bytes(array(bytes, 0)?) as usize;
    let message = Message {
        kind: u16::from_ne_bytes(array(bytes, 4)?),
        flags: u16::from_ne_bytes(array(bytes, 6)?),
        sequence: u32::from_ne_bytes(array(bytes, 8)?),
        payload: bytes.get(HEADER_LENGTH..length)?,
    };
    Some((message, after(bytes, length)))
}

/// The attributes that follow a message's fixed part: (type, value). A malformed attribute ends
/// the walk quietly; what came before it is sound.
#[derive(Clone, Debug)]
pub struct Attributes<'a> {
    rest: &'a [u8],
}

impl<'a> Attributes<'a> {
    /// Walks the attributes in `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<(u16, &'a [u8])> {
        let length = usize::from(u16::from_ne_bytes(array(self.rest, 0)?));
        let kind = u16::from_ne_bytes(array(self.rest, 2)?) & ATTRIBUTE_TYPE_MASK;
        let value = self.rest.get(4..length)?;
        self.rest = after(self.rest, length);
        Some((kind, value))
    }
}

/// What follows something of `length` bytes and its padding.
fn after(bytes: &[u8], length: usize) -> &[u8] {
    bytes.get(length.next_multiple_of(ALIGNMENT)..).unwrap_or(&[])
}

/// `N` bytes at `offset`, if they are there.
pub(crate) fn array<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(kind: u16, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&((HEADER_LENGTH + payload.len()) as u32).to_ne_bytes());
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(&2_u16.to_ne_bytes());
        bytes.extend_from_slice(&7_u32.to_ne_bytes());
        bytes.extend_from_slice(&0_u32.to_ne_bytes());
        bytes.extend_from_slice(payload);
        bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
        bytes
    }

    #[test]
    fn messages_are_walked_over_their_padding() {
        let mut bytes = message(20, &[1, 2, 3, 4, 5]);
        bytes.extend(message(NLMSG_ERROR, &(-2_i32).to_ne_bytes()));
        let mut messages = Messages::new(&bytes);
        let first = messages.next().unwrap();
        assert_eq!((first.kind, first.sequence, first.payload), (20, 7, &[1, 2, 3, 4, 5][..]));
        assert_eq!(messages.next().unwrap().error(), Some(2));
        assert_eq!(messages.next(), None);
        assert!(!messages.malformed());
    }

    #[test]
    fn a_cut_off_message_is_noticed() {
        let bytes = message(20, &[1, 2, 3, 4]);
        let mut messages = Messages::new(&bytes[..bytes.len() - 1]);
        assert_eq!(messages.next(), None);
        assert!(messages.malformed());
    }

    #[test]
    fn the_smallest_error_number_has_no_negative() {
        let bytes = message(NLMSG_ERROR, &i32::MIN.to_ne_bytes());
        assert_eq!(Messages::new(&bytes).next().unwrap().error(), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_walk_panic_or_endless(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
            prop_assert!(Messages::new(&bytes).count() <= bytes.len() / HEADER_LENGTH + 1);
            prop_assert!(Attributes::new(&bytes).count() <= bytes.len() / 4 + 1);
        }
    }
}
