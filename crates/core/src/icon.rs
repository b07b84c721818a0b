//! Pictures that programs bring along.

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

/// The icon of a program, as a file that browsers show. What makes one checks that it is one.
#[derive(Clone, PartialEq, Eq)]
pub struct Icon {
    id: Arc<str>,
    media_type: &'static str,
    bytes: Arc<[u8]>,
}

impl Icon {
    /// An icon in a file of that media type, such as `image/png`.
    pub fn new(media_type: &'static str, bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        let mut hasher = DefaultHasher::new();
        (media_type, &*bytes).hash(&mut hasher);
        Self { id: Arc::from(format!("{:016x}", hasher.finish())), media_type, bytes }
    }

    /// What it is called by: sixteen hexadecimal digits, others for another icon.
    pub fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// What kind of file it is.
    pub fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// The file.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }
}

/// Without the file: it fills a screen.
impl fmt::Debug for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, media_type, bytes } = self;
        let mut told = f.debug_struct("Icon");
        told.field("id", id).field("media_type", media_type).field("length", &bytes.len());
        told.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_icon_is_called_otherwise() {
        let icon = |bytes: &[u8]| Icon::new("image/png", bytes);
        assert_eq!(icon(b"a"), icon(b"a"));
        assert_ne!(icon(b"a").id(), icon(b"b").id());
        assert_ne!(icon(b"a").id(), Icon::new("image/x-icon", &b"a"[..]).id());
        assert!(icon(b"").id().len() == 16 && format!("{:?}", icon(&[7; 9])).contains('9'));
    }
}
