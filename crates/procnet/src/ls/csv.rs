//! Sockets as comma-separated values (RFC 4180, with line feeds as line ends).

use std::io::{self, Write};

use procnet_wire::export::csv_field;
use procnet_wire::rows::{ContainerRow, GapRow, SocketEventRow, SocketRow};

use super::table;
use super::users::Users;

const COLUMNS: &str = "protocol,state,local_ip,local_port,remote_ip,remote_port,direction,pids,\
                       names,users,attribution,rx_bytes,tx_bytes,rtt_us,netns,cookie,rx_packets,tx_packets,containers,units,remote_name,country,network";

/// A header line and a line for each socket.
pub(super) fn write(rows: &[SocketRow], users: &Users, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{COLUMNS}")?;
    for row in rows {
        writeln!(out, "{}", line(row, users))?;
    }
    Ok(())
}

/// The header of a list of events.
pub(super) fn write_event_header(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "event,at,{COLUMNS},duration_ms,lost")
}

/// One event on one line.
pub(super) fn write_event(
    event: &SocketEventRow,
    users: &Users,
    out: &mut impl Write,
) -> io::Result<()> {
    let duration = event.duration_ms.map(|duration| duration.to_string()).unwrap_or_default();
    writeln!(out, "{},{},{},{duration},", event.event, event.at, line(&event.socket, users))
}

/// A loss of events on one line.
pub(super) fn write_gap(gap: &GapRow, out: &mut impl Write) -> io::Result<()> {
    let empty = ",".repeat(COLUMNS.split(',').count());
    writeln!(out, "{},{}{empty},,{}", gap.event, gap.at, gap.lost)
}

fn line(row: &SocketRow, users: &Users) -> String {
    let owners = |text: fn(&procnet_wire::rows::OwnerRow) -> String| {
        row.owners.iter().map(text).collect::<Vec<_>>().join(" ")
    };
    let remote = row.remote.as_ref();
    let fields = [
        row.protocol.clone(),
        row.state.clone(),
        row.unix.as_ref().map_or_else(|| row.local.ip.clone(), |_| table::local(row)),
        row.local.port.to_string(),
        match &row.unix {
            Some(_) => table::remote(row),
            None => remote.map(|r| r.ip.clone()).unwrap_or_default(),
        },
        remote.map(|r| r.port.to_string()).unwrap_or_default(),
        row.direction.clone(),
        owners(|owner| owner.pid.to_string()),
        owners(|owner| owner.name.clone()),
        users
            .hidden_owner(row)
            .unwrap_or_else(|| owners(|owner| owner.user.clone().unwrap_or_default())),
        row.attribution.clone(),
        row.rx_bytes.to_string(),
        row.tx_bytes.to_string(),
        row.rtt_us.to_string(),
        row.netns.to_string(),
        row.cookie.to_string(),
        row.rx_packets.to_string(),
        row.tx_packets.to_string(),
        owners(|owner| owner.container.as_ref().map(called).unwrap_or_default()),
        owners(|owner| owner.unit.as_ref().map(|unit| unit.name.clone()).unwrap_or_default()),
        row.remote_name.clone().unwrap_or_default(),
        row.country.clone().unwrap_or_default(),
        row.network.clone().unwrap_or_default(),
    ];
    fields.iter().map(|text| csv_field(text)).collect::<Vec<_>>().join(",")
}

fn called(container: &ContainerRow) -> String {
    container.name.as_ref().unwrap_or(&container.id).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x2_no_name_of_a_process_is_a_formula() {
        for name in ["=cmd|'/c calc'!A1", "+1", "-1", "@a", "\t=1", "\r=1", "a,\"b\""] {
            let mut row = super::super::table::tests::row("LISTEN", None, &["x"]);
            row.owners[0].name = name.to_owned();
            let text = line(&row, &Users::default());
            let guarded = csv_field(name);
            assert!(text.contains(&format!(",{guarded},")), "{text}");
            assert!(guarded.starts_with("\"'") || name.starts_with('a'), "{guarded}");
        }
    }

    #[test]
    fn every_line_has_the_columns_of_the_header() {
        let row = super::super::table::tests::row("LISTEN", None, &["x"]);
        let columns = COLUMNS.split(',').count();
        assert_eq!(line(&row, &Users::default()).split(',').count(), columns);
        let gap = GapRow { event: "gap".to_owned(), at: 1, lost: 7 };
        let event = "closed".to_owned();
        let event = SocketEventRow { event, at: 2, socket: row.clone(), duration_ms: Some(3) };
        let mut text = Vec::new();
        write_event_header(&mut text).unwrap();
        write_event(&event, &Users::default(), &mut text).unwrap();
        write_gap(&gap, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.lines().all(|line| line.split(',').count() == columns + 4), "{text}");
        assert!(text.contains(",duration_ms,lost\nclosed,2,") && text.contains(",3,\ngap,1,"));
        assert!(text.ends_with(",7\n"), "{text}");
        let hidden = SocketRow { uid: Some(7), owners: Vec::new(), ..row };
        assert!(line(&hidden, &Users::default()).contains(",uid 7,"));
    }
}
