//! Sockets as JSON: the published form, one array, or one object per line.

use std::io::{self, Write};

use procnet_wire::rows::SocketRow;
use serde::Serialize;

/// One array, one socket per line.
pub(super) fn write(rows: &[SocketRow], out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"[")?;
    for (index, row) in rows.iter().enumerate() {
        out.write_all(if index == 0 { b"\n  " } else { b",\n  " })?;
        serde_json::to_writer(&mut *out, row)?;
    }
    out.write_all(if rows.is_empty() { b"]\n" } else { b"\n]\n" })
}

/// One event, or gap, on one line.
pub(super) fn write_event(event: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, event)?;
    out.write_all(b"\n")
}
