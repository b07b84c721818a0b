//! The running services that `EnumServicesStatusExW(SC_ENUM_PROCESS_INFO)` lists
//! (`ENUM_SERVICE_STATUS_PROCESSW`). Layouts of 64-bit Windows.

use super::super::netlink::array;
use super::text::until_nul;

/// Length of an entry.
const ENTRY_LENGTH: usize = 56;

/// A service as the service manager tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceRow<'a> {
    /// The process that it runs in; 0 for one that runs in none.
    pub pid: u32,
    /// Its name in UTF-16: see [`super::text::utf16`].
    pub name: &'a [u8],
}

/// Walks the first `count` entries in `buffer`, which the service manager wrote when it lay at the
/// address `base`: names are told by their address. What does not lie in the buffer is left out.
pub fn services(buffer: &[u8], base: u64, count: usize) -> impl Iterator<Item = ServiceRow<'_>> {
    buffer.chunks_exact(ENTRY_LENGTH).take(count).filter_map(move |entry| {
        let address = u64::from_le_bytes(array(entry, 0)?);
        let start = usize::try_from(address.checked_sub(base)?).ok()?;
        let name = until_nul(buffer.get(start..)?);
        Some(ServiceRow { pid: u32::from_le_bytes(array(entry, 44)?), name })
    })
}

#[cfg(test)]
mod tests {
    use std::mem::{offset_of, size_of};

    use proptest::prelude::*;
    use windows_sys::Win32::System::Services::{
        ENUM_SERVICE_STATUS_PROCESSW, SERVICE_STATUS_PROCESS,
    };

    use super::super::text::{encoded, utf16};
    use super::*;

    const BASE: u64 = 0x0000_01f3_0000_0000;

    #[test]
    fn the_layouts_are_microsofts() {
        let status = offset_of!(ENUM_SERVICE_STATUS_PROCESSW, ServiceStatusProcess);
        assert_eq!(offset_of!(ENUM_SERVICE_STATUS_PROCESSW, lpServiceName), 0);
        assert_eq!(status + offset_of!(SERVICE_STATUS_PROCESS, dwProcessId), 44);
        assert_eq!(size_of::<ENUM_SERVICE_STATUS_PROCESSW>(), ENTRY_LENGTH);
    }

    /// A hand-made list, with the names behind the entries.
    fn list(services: &[(u32, &str)]) -> Vec<u8> {
        let mut names = Vec::new();
        let mut bytes = Vec::new();
        for (pid, name) in services {
            let address = BASE + (services.len() * ENTRY_LENGTH + names.len()) as u64;
            let mut entry = [0; ENTRY_LENGTH];
            entry[..8].copy_from_slice(&address.to_le_bytes());
            entry[44..48].copy_from_slice(&pid.to_le_bytes());
            bytes.extend(entry);
            names.extend(encoded(name));
            names.extend([0, 0]);
        }
        bytes.extend(names);
        bytes
    }

    #[test]
    fn services_with_their_processes() {
        let expected = [(4, "Dnscache"), (700, "Дом"), (700, ""), (0, "Stopped")];
        let bytes = list(&expected);
        let told: Vec<(u32, String)> = services(&bytes, BASE, expected.len())
            .map(|row| (row.pid, utf16(row.name, 100).to_string()))
            .collect();
        let expected = expected.map(|(pid, name)| (pid, name.to_owned()));
        assert_eq!(told, expected);
        assert_eq!(services(&bytes, BASE, 1).count(), 1);
        assert_eq!(services(&bytes, BASE + 100_000, 4).count(), 0);
    }

    #[test]
    fn a_list_that_is_cut_off_tells_less() {
        let whole = list(&[(4, "Dnscache"), (700, "WinRM")]);
        for length in 0..whole.len() {
            let told = services(&whole[..length], BASE, 2).count();
            assert!(told <= length / ENTRY_LENGTH);
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..400),
            at in 0_u64..500,
            count in 0_usize..100,
        ) {
            let mut bytes = bytes;
            // An address that lies inside now and then.
            if let Some(first) = bytes.first_chunk_mut::<8>() {
                *first = (BASE + at).to_le_bytes();
            }
            for row in services(&bytes, BASE, count) {
                prop_assert!(row.name.len() <= bytes.len());
            }
        }
    }
}
