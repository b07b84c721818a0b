//! The function of the kernel that walks look ahead with, which the loader can't call by itself.

use aya::Btf;
use aya_obj::btf::BtfKind;

/// It takes any number for an address, as of Linux 6.2.
const FUNCTION: &str = "bpf_rdonly_cast";
/// `BPF_JMP | BPF_CALL` (`include/uapi/linux/bpf.h`).
const CALL: u8 = 0x85;
/// `BPF_PSEUDO_KFUNC_CALL`, in the upper half of its byte: the function is named by its type.
const BY_TYPE: u8 = 2 << 4;
/// What is called in its place in `bpf/kernel.h`.
const PLACE: [u8; 4] = 0x7072_6f63_u32.to_le_bytes();

/// The object with its calls of the function. Where the kernel has none, the programs with such calls
/// are refused.
pub(super) fn with_function(object: &[u8], btf: &Btf) -> Vec<u8> {
    let mut object = object.to_vec();
    if let Ok(function) = btf.id_by_type_name_kind(FUNCTION, BtfKind::Func) {
        call(&mut object, function);
    }
    object
}

/// Instructions are eight bytes, and aligned so.
fn call(object: &mut [u8], function: u32) {
    let [a, b, c, d] = PLACE;
    let (instructions, _) = object.as_chunks_mut();
    for instruction in instructions {
        if *instruction == [CALL, 0, 0, 0, a, b, c, d] {
            let [a, b, c, d] = function.to_le_bytes();
            *instruction = [CALL, BY_TYPE, 0, 0, a, b, c, d];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::ebpf::programs::OBJECT;

    #[test]
    fn calls_are_what_changes() {
        let mut object =
            [[0x85, 0, 0, 0, 1, 0, 0, 0], [0x85, 0, 0, 0, 0x63, 0x6f, 0x72, 0x70]].concat();
        call(&mut object, 0x0102_0304);
        let expected = [[0x85, 0, 0, 0, 1, 0, 0, 0], [0x85, 0x20, 0, 0, 4, 3, 2, 1]].concat();
        assert_eq!(object, expected);
    }

    #[test]
    fn the_object_has_some() {
        let mut object = OBJECT.to_vec();
        call(&mut object, 1);
        let changed = object.iter().zip(OBJECT).filter(|(one, other)| one != other).count();
        // Of each call five bytes: how it is called, and what.
        assert!(changed > 0 && changed % 5 == 0, "{changed}");
    }
}
