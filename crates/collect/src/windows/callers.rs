//! Who is at the other end of a connection: the table of TCP sockets names a process, and the
//! process' token its user.

use std::io;
use std::net::SocketAddr;

use procnet_core::Endpoint;

use super::buffer::Buffer;
use super::process::OpenedProcess;
use super::tables::SocketTable;
use crate::callers::{Account, Caller, NamedAccount, UnknownCaller};
use crate::parse::windows::sid::{from_text, of_token_user};
use crate::parse::windows::tables::{Table, TableRow, row_between};
use crate::parse::windows::timestamp;

/// The pids of nobody and of the system itself: they are no users'.
const LAST_WITHOUT_USER: u32 = 4;

/// Asks who is at the other end of connections.
#[derive(Debug)]
pub struct Callers {
    tables: [SocketTable; 2],
    user: Buffer,
}

impl Callers {
    /// Nothing has to be opened. No privilege is needed to know one's own processes; those of others
    /// may refuse to be asked, and then are unknown.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            tables: [Table::Tcp4, Table::Tcp6].map(SocketTable::new),
            user: Buffer::default(),
        })
    }

    /// Who holds the other end of the connection whose ends are `local`, ours, and `remote`.
    pub fn of(&mut self, local: SocketAddr, remote: SocketAddr) -> Result<Caller, UnknownCaller> {
        let [ours, theirs] =
            [local, remote].map(|address| Endpoint::new(address.ip(), address.port()));
        if !ours.ip.is_loopback() || !theirs.ip.is_loopback() {
            return Err(UnknownCaller::NotLoopback);
        }
        let row = self.find(theirs, ours)?.ok_or(UnknownCaller::NoSocket)?;
        if row.pid <= LAST_WITHOUT_USER {
            return Err(UnknownCaller::NoUser);
        }
        let process = OpenedProcess::limited(row.pid).map_err(UnknownCaller::Refused)?;
        // While it is open its id is nobody else's: if the socket is still its own, it was before.
        if self.find(theirs, ours)?.map(|row| row.pid) != Some(row.pid) {
            return Err(UnknownCaller::NoSocket);
        }
        // A process that is younger than the socket cannot have made it.
        let born = process.created().map_err(UnknownCaller::Refused)?;
        if row.created.is_some_and(|created| timestamp(born).is_none_or(|born| born > created)) {
            return Err(UnknownCaller::NoUser);
        }
        let token = process.token().map_err(UnknownCaller::Refused)?;
        token.user(&mut self.user).map_err(UnknownCaller::Refused)?;
        let sid =
            of_token_user(self.user.bytes(), self.user.base()).ok_or(UnknownCaller::NoUser)?;
        let privileged = token.is_elevated().map_err(UnknownCaller::Refused)?;
        Ok(Caller { account: Account::Sid(sid.into()), privileged })
    }

    fn find(
        &mut self,
        theirs: Endpoint,
        ours: Endpoint,
    ) -> Result<Option<TableRow>, UnknownCaller> {
        for table in &mut self.tables {
            table.read().map_err(UnknownCaller::Refused)?;
            if let Some(row) = row_between(table.rows(), theirs, ours) {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }
}

/// The user whom this program runs as.
pub fn own_account() -> io::Result<NamedAccount> {
    let token = OpenedProcess::limited(std::process::id())?.token()?;
    let mut buffer = Buffer::default();
    token.user(&mut buffer)?;
    let sid = of_token_user(buffer.bytes(), buffer.base()).ok_or(io::ErrorKind::InvalidData)?;
    Ok(super::accounts::named(sid))
}

/// Elevation keeps the user here: there is nobody else whom this program would run for.
pub fn invoking_account() -> Option<NamedAccount> {
    None
}

/// The user of that name or security identifier; an error if nobody is called so.
pub fn account_named(name: &str) -> io::Result<NamedAccount> {
    match from_text(name) {
        Some(sid) => Ok(super::accounts::named(&sid)),
        None => super::accounts::find(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_are_somebody_and_can_be_found_by_name_and_number() {
        let own = own_account().unwrap();
        let sid = own.account.to_string();
        assert!(sid.starts_with("S-1-5-"), "{sid}");
        assert_eq!(account_named(&sid).unwrap().account, own.account);
        if let Some(name) = &own.name {
            assert_eq!(account_named(name).unwrap().account, own.account);
        }
        assert!(account_named("nobody is called that").is_err());
    }
}
