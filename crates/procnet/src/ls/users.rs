//! Whose sockets are whose, where only the user may be named.

use std::collections::BTreeMap;
use std::sync::Arc;

use procnet_core::UnknownOwner;
use procnet_core::graph::Graph;
use procnet_wire::rows::SocketRow;

/// The names of users.
#[derive(Debug, Default)]
pub(super) struct Users(BTreeMap<u32, Arc<str>>);

impl Users {
    /// As the processes of a graph tell them.
    pub(super) fn of(graph: &Graph) -> Self {
        let users = graph.processes().filter_map(|entry| entry.process.user.as_ref());
        Self(users.filter_map(|user| Some((user.id, user.name.clone()?))).collect())
    }

    /// The user of a socket whose process may not be named.
    pub(super) fn hidden_owner(&self, row: &SocketRow) -> Option<String> {
        // On what it alone still holds, the kernel notes a uid that is nobody's.
        let held = row.unknown_owner.as_deref() != Some(UnknownOwner::Kernel.as_str());
        let uid = row.uid.filter(|_| held && row.owners.is_empty())?;
        Some(self.0.get(&uid).map_or_else(|| format!("uid {uid}"), |name| name.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::row;
    use super::*;

    #[test]
    fn a_hidden_owner_is_named_by_its_user() {
        let users = Users([(0, Arc::from("root"))].into_iter().collect());
        let hidden = |uid, why: UnknownOwner| {
            let unknown_owner = Some(why.as_str().to_owned());
            users.hidden_owner(&SocketRow { uid, unknown_owner, ..row("LISTEN", None, &[]) })
        };
        assert_eq!(hidden(Some(0), UnknownOwner::NoPermission).as_deref(), Some("root"));
        assert_eq!(hidden(Some(7), UnknownOwner::NotFound).as_deref(), Some("uid 7"));
        assert_eq!(hidden(None, UnknownOwner::NoPermission), None);
        assert_eq!(hidden(Some(0), UnknownOwner::Kernel), None);
        let named = SocketRow { uid: Some(0), ..row("LISTEN", None, &["nginx"]) };
        assert_eq!(users.hidden_owner(&named), None);
    }
}
