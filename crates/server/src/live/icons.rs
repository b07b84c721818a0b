//! The user's own icons.

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;

use procnet_core::registry::{FALLBACK_PNG, node_type};

/// Largest icon that is served.
pub(crate) const MAX_ICON_BYTES: u64 = 1 << 20;
/// Longest name of an icon file.
const MAX_NAME: usize = 68;

/// A folder of icons (`--icons-dir`): `TYPE.png`, `service.png` for types without one.
#[derive(Clone, Debug)]
pub(crate) struct IconDirectory(PathBuf);

impl IconDirectory {
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self(directory)
    }

    /// The URL of the icon of a type: its own, or the fallback, if there is one of them.
    pub(crate) fn url(&self, type_name: &str) -> Option<String> {
        let own = node_type(type_name).png;
        [&*own, FALLBACK_PNG]
            .into_iter()
            .find(|name| self.path(name).is_some())
            .map(|name| format!("/assets/{name}"))
    }

    /// The icon of that file name: a regular file that lies directly in the folder.
    pub(crate) fn read(&self, name: &str) -> Option<Vec<u8>> {
        let file = fs::File::open(self.path(name)?).ok()?;
        let mut bytes = Vec::new();
        file.take(MAX_ICON_BYTES + 1).read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 <= MAX_ICON_BYTES).then_some(bytes)
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        if !is_icon_name(name) {
            return None;
        }
        let path = self.0.join(name);
        // Not followed: a link out of the folder would serve what the user never put there.
        let metadata = fs::symlink_metadata(&path).ok()?;
        (metadata.is_file() && metadata.len() <= MAX_ICON_BYTES).then_some(path)
    }
}

/// True for a plain `NAME.png` of harmless characters: never a path.
pub(crate) fn is_icon_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.strip_suffix(".png").is_some_and(|stem| {
            !stem.is_empty()
                && stem.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_path() {
        for name in ["app.png", "message_broker.png", "Mein-Typ2.png"] {
            assert!(is_icon_name(name), "{name}");
        }
        for name in [
            "",
            ".png",
            "../app.png",
            "a/b.png",
            "a\\b.png",
            "app.svg",
            "app.png.txt",
            "a.b.png",
            "é.png",
            "app.png\0",
        ] {
            assert!(!is_icon_name(name), "{name}");
        }
        assert!(!is_icon_name(&format!("{}.png", "a".repeat(65))));
    }

    #[test]
    fn parity_row_18_own_then_service_then_none() {
        let directory = tempfile::tempdir().unwrap();
        let icons = IconDirectory::new(directory.path().to_owned());
        assert_eq!(icons.url("database"), None);
        fs::write(directory.path().join("service.png"), b"s").unwrap();
        assert_eq!(icons.url("database").as_deref(), Some("/assets/service.png"));
        fs::write(directory.path().join("database.png"), b"d").unwrap();
        assert_eq!(icons.url("database").as_deref(), Some("/assets/database.png"));
        fs::write(directory.path().join("mq.png"), b"m").unwrap();
        assert_eq!(icons.url("message_broker").as_deref(), Some("/assets/mq.png"));
        assert_eq!(icons.read("mq.png").as_deref(), Some(&b"m"[..]));
    }

    #[test]
    fn only_regular_files_of_a_decent_size() {
        let directory = tempfile::tempdir().unwrap();
        let icons = IconDirectory::new(directory.path().to_owned());
        fs::create_dir(directory.path().join("app.png")).unwrap();
        assert_eq!(icons.read("app.png"), None);
        let large = vec![0; usize::try_from(MAX_ICON_BYTES).unwrap() + 1];
        fs::write(directory.path().join("cache.png"), large).unwrap();
        assert_eq!(icons.read("cache.png"), None);
        let secret = directory.path().join("secret");
        fs::write(&secret, b"secret").unwrap();
        #[expect(deprecated, reason = "the one way to make a link that every system has")]
        let linked = fs::soft_link(&secret, directory.path().join("lb.png"));
        // Windows lets only some users make links.
        if linked.is_ok() {
            assert_eq!(icons.read("lb.png"), None);
        }
    }
}
