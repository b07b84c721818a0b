//! Countries and networks of addresses, from MMDB files that the user has.

use std::io::Read as _;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use maxminddb::{PathElement, Reader};
use procnet_core::AddressFacts;
use procnet_core::text::sanitized;

use crate::usage::UsageError;

/// Largest file that is read, in bytes. It is held in memory.
const MAX_FILE_SIZE: u64 = 512 << 20;
/// Most files.
const MAX_FILES: usize = 8;
/// Longest country and network, in bytes.
const MAX_COUNTRY: usize = 16;
const MAX_NETWORK: usize = 128;

/// The files of `--geoip`; the first that knows something is believed.
#[derive(Default)]
pub(crate) struct GeoIp {
    readers: Vec<Reader<Vec<u8>>>,
}

impl GeoIp {
    /// Reads the files.
    pub(crate) fn open(files: &[PathBuf]) -> Result<Self, UsageError> {
        if files.len() > MAX_FILES {
            return Err(UsageError(format!("--geoip: at most {MAX_FILES} files")));
        }
        let readers = files.iter().map(|file| {
            open(file).map_err(|what| UsageError(format!("--geoip {}: {what}", file.display())))
        });
        Ok(Self { readers: readers.collect::<Result<_, _>>()? })
    }

    /// True if there is no file.
    pub(crate) fn is_empty(&self) -> bool {
        self.readers.is_empty()
    }

    /// What the files know of an address.
    pub(crate) fn facts(&self, ip: IpAddr) -> AddressFacts {
        let mut facts = AddressFacts::default();
        for reader in &self.readers {
            // A file may have been made by anybody: what is broken in it costs its answer alone.
            let found = catch_unwind(AssertUnwindSafe(|| of(reader, ip))).unwrap_or_default();
            if facts.country.is_empty() {
                facts.country = found.country;
            }
            if facts.network.is_empty() {
                facts.network = found.network;
            }
        }
        facts
    }
}

fn open(file: &Path) -> Result<Reader<Vec<u8>>, String> {
    let told = |error: std::io::Error| format!("can't read it: {error}");
    if !std::fs::metadata(file).map_err(told)?.is_file() {
        return Err("it is no ordinary file; name an MMDB file".to_owned());
    }
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).map_err(told)?;
    opened.take(MAX_FILE_SIZE + 1).read_to_end(&mut bytes).map_err(told)?;
    if bytes.len() as u64 > MAX_FILE_SIZE {
        return Err(format!("it is larger than {} MiB", MAX_FILE_SIZE >> 20));
    }
    catch_unwind(|| Reader::from_source(bytes))
        .unwrap_or_else(|_| Err(maxminddb::MaxMindDbError::invalid_database("it is broken")))
        .map_err(|error| format!("it is no MMDB file: {error}"))
}

/// By the fields of GeoLite2, DB-IP and IPinfo, which differ in little.
fn of(reader: &Reader<Vec<u8>>, ip: IpAddr) -> AddressFacts {
    let Ok(found) = reader.lookup(ip) else { return AddressFacts::default() };
    let text = |path: &[&'static str]| {
        let path: Vec<_> = path.iter().map(|key| PathElement::Key(key)).collect();
        found.decode_path::<String>(&path).ok().flatten().filter(|text| !text.is_empty())
    };
    let number =
        |path: &'static str| found.decode_path::<u32>(&[PathElement::Key(path)]).ok().flatten();
    let country = text(&["country", "iso_code"])
        .or_else(|| text(&["registered_country", "iso_code"]))
        .or_else(|| text(&["country_code"]))
        .or_else(|| text(&["country"]));
    let asn = number("autonomous_system_number")
        .map(|number| format!("AS{number}"))
        .or_else(|| text(&["asn"]));
    let name = text(&["autonomous_system_organization"])
        .or_else(|| text(&["as_name"]))
        .or_else(|| text(&["name"]));
    let network = match (asn, name) {
        (Some(asn), Some(name)) => format!("{asn} {name}"),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => String::new(),
    };
    AddressFacts {
        name: None,
        country: country.map_or_else(|| Arc::from(""), |c| sanitized(c.as_bytes(), MAX_COUNTRY)),
        network: sanitized(network.as_bytes(), MAX_NETWORK),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value of the format: what the tests need of it.
    enum Data {
        Text(&'static str),
        Short(u16),
        Number(u32),
        Long(u64),
        Map(Vec<(&'static str, Data)>),
        List(Vec<Data>),
    }

    /// Type and size as the format has them: up to 284 things, which is plenty.
    fn head(kind: u8, size: usize, to: &mut Vec<u8>) {
        let (short, more) = if size < 29 { (size, None) } else { (29, Some(size - 29)) };
        let short = u8::try_from(short).unwrap();
        if kind <= 7 {
            to.push(kind << 5 | short);
        } else {
            to.extend([short, kind - 7]);
        }
        to.extend(more.map(|more| u8::try_from(more).unwrap()));
    }

    fn write(data: &Data, to: &mut Vec<u8>) {
        match data {
            Data::Text(text) => {
                head(2, text.len(), to);
                to.extend(text.as_bytes());
            }
            Data::Short(number) => {
                head(5, 2, to);
                to.extend(number.to_be_bytes());
            }
            Data::Long(number) => {
                head(9, 8, to);
                to.extend(number.to_be_bytes());
            }
            Data::Number(number) => {
                head(6, 4, to);
                to.extend(number.to_be_bytes());
            }
            Data::Map(map) => {
                head(7, map.len(), to);
                for (key, value) in map {
                    write(&Data::Text(key), to);
                    write(value, to);
                }
            }
            Data::List(list) => {
                head(11, list.len(), to);
                list.iter().for_each(|value| write(value, to));
            }
        }
    }

    /// A database of IPv4 that knows one block: a tree with a node for each bit of its prefix.
    fn database(network: [u8; 4], prefix: u32, data: &Data) -> Vec<u8> {
        let bits = u32::from_be_bytes(network);
        let mut file = Vec::new();
        for depth in 0..prefix {
            let next = if depth + 1 == prefix { prefix + 16 } else { depth + 1 };
            let is_one = bits >> (31 - depth) & 1 == 1;
            for record in if is_one { [prefix, next] } else { [next, prefix] } {
                file.extend(&record.to_be_bytes()[1..]);
            }
        }
        file.extend([0; 16]);
        write(data, &mut file);
        file.extend(b"\xab\xcd\xefMaxMind.com");
        let text = |text| Data::Text(text);
        let metadata = Data::Map(vec![
            ("binary_format_major_version", Data::Short(2)),
            ("binary_format_minor_version", Data::Short(0)),
            ("build_epoch", Data::Long(1_767_225_600)),
            ("database_type", text("Test")),
            ("description", Data::Map(vec![("en", text("a test"))])),
            ("ip_version", Data::Short(4)),
            ("languages", Data::List(vec![text("en")])),
            ("node_count", Data::Number(prefix)),
            ("record_size", Data::Short(24)),
        ]);
        write(&metadata, &mut file);
        file
    }

    fn country() -> Vec<u8> {
        let code = Data::Map(vec![("iso_code", Data::Text("DE"))]);
        database([192, 0, 2, 0], 24, &Data::Map(vec![("country", code)]))
    }

    fn network(name: &'static str) -> Vec<u8> {
        let data = Data::Map(vec![
            ("autonomous_system_number", Data::Number(64_500)),
            ("autonomous_system_organization", Data::Text(name)),
        ]);
        database([192, 0, 2, 0], 25, &data)
    }

    fn files(contents: &[Vec<u8>]) -> (tempfile::TempDir, Vec<PathBuf>) {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> =
            (0..contents.len()).map(|n| folder.path().join(format!("{n}.mmdb"))).collect();
        for (path, bytes) in paths.iter().zip(contents) {
            std::fs::write(path, bytes).unwrap();
        }
        (folder, paths)
    }

    #[test]
    fn n3_several_files_complete_each_other() {
        let (_folder, paths) = files(&[country(), network("Example\u{1b}[31m")]);
        let geoip = GeoIp::open(&paths).unwrap();
        let facts = |ip: &str| geoip.facts(ip.parse().unwrap());
        let known = facts("192.0.2.7");
        assert_eq!((&*known.country, &*known.network), ("DE", "AS64500 Example\u{fffd}[31m"));
        // Beyond the block of one of them.
        assert_eq!((&*facts("192.0.2.200").country, &*facts("192.0.2.200").network), ("DE", ""));
        assert!(facts("198.51.100.1").is_empty());
        assert!(facts("2001:db8::1").is_empty());
    }

    #[test]
    fn n3_what_is_no_such_file_is_told() {
        let (folder, paths) = files(&[b"no database".to_vec()]);
        let told = |path: &Path| GeoIp::open(&[path.to_owned()]).err().unwrap().to_string();
        assert!(told(&paths[0]).contains("no MMDB file"));
        assert!(told(folder.path()).contains("no ordinary file"));
        assert!(told(Path::new("/nowhere/x.mmdb")).contains("/nowhere/x.mmdb: can't read it"));
    }

    #[test]
    fn n3_no_broken_file_does_harm() {
        for whole in [country(), network("Example")] {
            for at in 0..whole.len() {
                for value in [0, 1, 0x20, 0x7f, 0xe0, 0xff] {
                    let mut broken = whole.clone();
                    broken[at] = value;
                    read_all(broken);
                }
                read_all(whole[..at].to_vec());
            }
        }
    }

    fn read_all(bytes: Vec<u8>) {
        let Ok(Ok(reader)) = catch_unwind(|| Reader::from_source(bytes)) else { return };
        let geoip = GeoIp { readers: vec![reader] };
        for ip in ["192.0.2.7", "0.0.0.0", "255.255.255.255", "::1"] {
            let facts = geoip.facts(ip.parse().unwrap());
            assert!(facts.country.len() <= MAX_COUNTRY && facts.network.len() <= MAX_NETWORK);
        }
    }
}
