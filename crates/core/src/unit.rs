//! Units: the services, scopes and applications that systemd keeps processes in, and the services
//! and packages of Windows.

use std::borrow::Cow;
use std::sync::Arc;

use crate::container::with_short_ids;

/// Whose unit it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Manager {
    /// The system's.
    System,
    /// That of the user with this uid.
    User(u32),
}

impl Manager {
    /// `system` or `user`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User(_) => "user",
        }
    }
}

/// One unit of systemd, or on Windows the services of one process, or a package. Shared by all of its
/// processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its name, with its suffix and without escapes: `nginx.service`, `session-2.scope`.
    pub name: Arc<str>,
    /// Whose it is.
    pub manager: Manager,
    /// The desktop application that it stands for, by id: `org.gnome.Terminal`, `firefox`.
    pub application: Option<Arc<str>>,
    /// The id of the container whose own systemd has the unit; `None` for one of the machine's.
    pub within: Option<Arc<str>>,
}

impl Unit {
    /// What the map calls it: the application, or the name with long ids cut.
    pub fn label(&self) -> Cow<'_, str> {
        match &self.application {
            Some(application) => Cow::Borrowed(application),
            None => Cow::Owned(with_short_ids(&self.name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_called_by_its_application_or_by_its_name() {
        let unit = |name: &str, application: Option<&str>| Unit {
            name: Arc::from(name),
            manager: Manager::User(1000),
            application: application.map(Arc::from),
            within: None,
        };
        assert_eq!(unit("app-gnome-firefox-1234.scope", Some("firefox")).label(), "firefox");
        assert_eq!(unit("pipewire.service", None).label(), "pipewire.service");
    }
}
