//! Every format that is parsed. The tests mutate them; the fuzz target in `fuzz/` includes this too.

mod linux;
mod macos;
mod people;
mod windows;

/// One format: what is sound, and how it is read. A reader checks what it was told, and says how
/// much that was.
pub(crate) struct Format {
    pub(crate) name: &'static str,
    pub(crate) seeds: Vec<Vec<u8>>,
    pub(crate) read: fn(&[u8]) -> usize,
}

/// All of them.
#[allow(dead_code, reason = "only the fuzz target asks for all")]
pub(crate) fn all() -> Vec<Format> {
    [linux::ALL, macos::ALL, people::ALL, windows::ALL]
        .concat()
        .into_iter()
        .map(|format| format())
        .collect()
}

/// Lists the formats of a module, and tests each.
macro_rules! formats {
    ($($(#[$attribute:meta])? $name:ident,)*) => {
        #[allow(dead_code, reason = "only the fuzz target asks for all")]
        pub(super) const ALL: &[fn() -> Format] = &[$($(#[$attribute])? $name),*];

        #[cfg(test)]
        mod tests {
            $($(#[$attribute])? #[test] fn $name() {
                super::$name().check();
            })*
        }
    };
}
use formats;

/// Bytes with these fields.
fn fields(length: usize, fields: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; length];
    for (offset, value) in fields {
        bytes[*offset..offset + value.len()].copy_from_slice(value);
    }
    bytes
}
