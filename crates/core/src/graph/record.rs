//! Notes what happened to sockets, one by one, for those who asked for it.

use rustc_hash::FxHashMap;

use super::changes::{SocketChange, SocketChangeKind};
use super::{Direction, Graph, SocketId};
use crate::socket::Socket;
use crate::time::Timestamp;

impl Graph {
    /// Notes what happened to a socket. Which way it points is known once it is settled.
    pub(super) fn record(&mut self, kind: SocketChangeKind, socket: &Socket, at: Timestamp) {
        if self.track_sockets {
            self.changes.sockets.push(SocketChange {
                kind,
                at,
                socket: socket.clone(),
                direction: Direction::Unknown,
                evidence: None,
                far: None,
            });
        }
    }

    /// Completes what was noted last, about a socket that is settled and about to go.
    pub(super) fn complete_last(&mut self, id: SocketId) {
        let (direction, evidence) = self.direction(id);
        let far = self.far_party(&self.sockets[id.index()]);
        if let Some(change) = self.changes.sockets.last_mut() {
            (change.direction, change.evidence, change.far) = (direction, evidence, far);
        }
    }

    /// Completes what was noted in this batch, once all of it is applied. A socket that is gone
    /// pointed the way that it did at its end.
    pub(super) fn complete_recorded(&mut self) {
        let mut changes = std::mem::take(&mut self.changes.sockets);
        let mut gone = FxHashMap::default();
        for change in changes.iter_mut().rev() {
            let key = change.socket.key;
            if change.kind == SocketChangeKind::Closed {
                gone.insert(key, (change.direction, change.evidence, change.far));
                continue;
            }
            let last = gone.get(&key).copied().or_else(|| {
                let id = self.socket_id(&key)?;
                let (direction, evidence) = self.direction(id);
                Some((direction, evidence, self.far_party(&self.sockets[id.index()])))
            });
            if let Some(last) = last {
                (change.direction, change.evidence, change.far) = last;
            }
        }
        self.changes.sockets = changes;
    }
}
