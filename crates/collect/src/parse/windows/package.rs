//! Packages, as the Store and MSIX installers bring programs: `Name_publisher` names a family.

use std::sync::Arc;

use procnet_core::text::{MAX_NAME, sanitized};
use procnet_core::{Manager, Unit};

/// What a package's family is among units: a user's, and an application with the package's name.
/// `None` if it is no such name.
pub fn unit(family: &str, user: Option<u32>) -> Option<Unit> {
    let (name, publisher) = family.rsplit_once('_')?;
    if name.is_empty() || publisher.is_empty() {
        return None;
    }
    let text = |text: &str| sanitized(text.as_bytes(), MAX_NAME);
    Some(Unit {
        name: text(family),
        manager: user.map_or(Manager::System, Manager::User),
        application: Some(text(name)),
        within: None,
    })
}

/// The same, shared with those of the same package that are known already.
pub fn shared(unit: Unit, known: &mut Vec<Arc<Unit>>) -> Arc<Unit> {
    if let Some(same) = known.iter().find(|other| ***other == unit) {
        return Arc::clone(same);
    }
    if known.len() >= MAX_KNOWN {
        known.retain(|unit| Arc::strong_count(unit) > 1);
    }
    let unit = Arc::new(unit);
    if known.len() < MAX_KNOWN {
        known.push(Arc::clone(&unit));
    }
    unit
}

/// Most packages that are remembered: a machine has some dozens that run.
const MAX_KNOWN: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_an_application_of_its_user() {
        let terminal = unit("Microsoft.WindowsTerminal_8wekyb3d8bbwe", Some(1001)).unwrap();
        assert_eq!(terminal.label(), "Microsoft.WindowsTerminal");
        assert_eq!(&*terminal.name, "Microsoft.WindowsTerminal_8wekyb3d8bbwe");
        assert_eq!(terminal.manager, Manager::User(1001));
        let odd = unit("a_b\u{202e}_c", None).unwrap();
        assert!(!odd.name.contains('\u{202e}') && odd.manager == Manager::System);
        for none in ["", "_", "name", "name_", "_publisher"] {
            assert_eq!(unit(none, None), None, "{none}");
        }
    }

    #[test]
    fn those_of_one_package_share_it_and_there_is_a_limit() {
        let of = |number: usize| unit(&format!("app{number}_x"), Some(1)).unwrap();
        let mut known = Vec::new();
        let first = shared(of(0), &mut known);
        assert!(Arc::ptr_eq(&first, &shared(of(0), &mut known)));
        for number in 1..3 * MAX_KNOWN {
            shared(of(number), &mut known);
            assert!(known.len() <= MAX_KNOWN);
        }
        assert!(Arc::ptr_eq(&first, &shared(of(0), &mut known)), "who is in use is kept");
    }
}
