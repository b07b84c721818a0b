//! Sockets as a table that fits the terminal.

use std::io::{self, Write};

use procnet_wire::rows::{EndpointRow, GapRow, SocketEventRow, SocketRow};

use super::users::Users;

/// Most characters of a cell, whatever the terminal's width.
const WIDEST: usize = 48;
/// Columns that may be shortened to fit, the first one first, and to how much.
const FLEXIBLE: [(usize, usize); 3] = [(5, 12), (3, 15), (2, 15)];
const HEADER: [&str; COLUMNS] = [
    "PROTO",
    "STATE",
    "LOCAL",
    "REMOTE",
    "DIRECTION",
    "OWNER",
    "RX",
    "TX",
    "RTT",
    "ATTRIBUTION",
    "CONTAINER/UNIT",
];
const COLUMNS: usize = 11;
/// The column that is left out where there is no room for all of it.
const OPTIONAL: usize = 10;
/// Columns of numbers: flush right.
const NUMBERS: std::ops::Range<usize> = 6..9;

type Cells = [String; COLUMNS];

/// The header, and a line for each socket.
pub(super) fn write(
    rows: &[SocketRow],
    users: &Users,
    terminal: Option<usize>,
    out: &mut impl Write,
) -> io::Result<()> {
    let cells: Vec<Cells> = rows.iter().map(|row| cells(row, users)).collect();
    let header = HEADER.map(str::to_owned);
    let widths = widths(&header, cells.iter(), terminal);
    for line in std::iter::once(&header).chain(&cells) {
        writeln!(out, "{}", aligned(line, &widths, terminal))?;
    }
    Ok(())
}

/// A line for an event: the columns can't know what will come, so they have fixed widths. How
/// long a socket lived follows where there is room for it.
pub(super) fn write_event(
    event: &SocketEventRow,
    users: &Users,
    terminal: Option<usize>,
    out: &mut impl Write,
) -> io::Result<()> {
    const WIDTHS: [usize; COLUMNS] = [5, 12, 21, 21, 9, 24, 8, 8, 8, 11, 24];
    let mut widths = WIDTHS;
    if terminal.is_some_and(|terminal| terminal < total(&WIDTHS) + 2) {
        widths[OPTIONAL] = 0;
    }
    let mark = match event.event.as_str() {
        "opened" => '+',
        "closed" => '-',
        _ => '~',
    };
    let cells = cells(&event.socket, users);
    let line = aligned(&cells, &widths, terminal.map(|t| t.saturating_sub(2)));
    let lived = event.duration_ms.map_or_else(String::new, |duration| format!("  {duration} ms"));
    let room = terminal.is_none_or(|width| line.chars().count() + lived.len() + 2 <= width);
    writeln!(out, "{mark} {line}{}", if room { &lived } else { "" })
}

/// A line for a loss of events.
pub(super) fn write_gap(gap: &GapRow, out: &mut impl Write) -> io::Result<()> {
    match gap.lost {
        0 => writeln!(out, "! events were lost here"),
        1 => writeln!(out, "! 1 event was lost here"),
        lost => writeln!(out, "! {lost} events were lost here"),
    }
}

fn cells(row: &SocketRow, users: &Users) -> Cells {
    [
        row.protocol.clone(),
        row.state.clone(),
        local(row),
        remote(row),
        row.direction.clone(),
        owner(row, users),
        counted(row, row.rx_bytes),
        counted(row, row.tx_bytes),
        rtt(row.rtt_us),
        attribution(row),
        place(row),
    ]
}

/// All addresses as ss(8) has them: `*` for IPv4 and IPv6, `[::]` for IPv6 only, `0.0.0.0` for
/// IPv4. Of a UNIX socket its path, else its inode.
pub(super) fn local(row: &SocketRow) -> String {
    if let Some(unix) = &row.unix {
        return unix.path.clone().unwrap_or_else(|| format!("#{}", unix.inode));
    }
    let EndpointRow { ip, port } = &row.local;
    if ip == "::" && !row.v6_only { format!("*:{port}") } else { endpoint(&row.local) }
}

/// Of a client's UNIX socket the path that it asks, else the inode at the other end.
pub(super) fn remote(row: &SocketRow) -> String {
    let none = || "-".to_owned();
    let Some(unix) = &row.unix else {
        let address = row.remote.as_ref().map_or_else(none, endpoint);
        return match &row.remote_name {
            Some(name) => format!("{address} ({name})"),
            None => address,
        };
    };
    match (&unix.service, row.direction.as_str()) {
        (Some(path), "outbound") => path.clone(),
        _ => unix.peer_inode.map_or_else(none, |inode| format!("#{inode}")),
    }
}

fn endpoint(endpoint: &EndpointRow) -> String {
    let EndpointRow { ip, port } = endpoint;
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

/// `412/nginx`, with `+3` for three more processes that hold the same socket. Where no process
/// may be named, its user: `(root)`.
fn owner(row: &SocketRow, users: &Users) -> String {
    match row.owners.as_slice() {
        [] => users.hidden_owner(row).map_or_else(|| "-".to_owned(), |user| format!("({user})")),
        [one] => format!("{}/{}", one.pid, one.label),
        [first, others @ ..] => format!("{}/{} +{}", first.pid, first.label, others.len()),
    }
}

/// The container of the process that stands for the socket, or else its unit.
fn place(row: &SocketRow) -> String {
    let Some(owner) = row.owners.first() else { return String::new() };
    match (&owner.container, &owner.unit) {
        (Some(container), _) => match (&container.name, container.id.get(..12)) {
            (Some(name), _) => name.clone(),
            (None, Some(short)) if container.id.len() == 64 => short.to_owned(),
            (None, _) => container.id.clone(),
        },
        (None, Some(unit)) => unit.name.clone(),
        (None, None) => String::new(),
    }
}

fn attribution(row: &SocketRow) -> String {
    match &row.unknown_owner {
        Some(why) => format!("{} ({why})", row.attribution),
        None => row.attribution.clone(),
    }
}

/// Amounts, where they are known: of a listener, of UDP, of UNIX sockets and of what only the
/// kernel still holds there are none.
fn counted(row: &SocketRow, count: u64) -> String {
    let untold = row.rx_bytes == 0 && row.tx_bytes == 0 && row.rtt_us == 0;
    if untold { "-".to_owned() } else { bytes(count) }
}

/// At most four digits and a binary unit.
fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["K", "M", "G", "T", "P", "E"];
    if count < 10_000 {
        return count.to_string();
    }
    let mut scaled = count;
    let mut unit = "";
    for next in UNITS {
        if scaled < 10_000 {
            break;
        }
        scaled /= 1024;
        unit = next;
    }
    format!("{scaled}{unit}")
}

fn rtt(us: u32) -> String {
    match us {
        0 => "-".to_owned(),
        1..10_000 => format!("{us}us"),
        _ => format!("{}ms", us / 1000),
    }
}

/// What the columns take up together.
fn total(widths: &[usize; COLUMNS]) -> usize {
    let shown = widths.iter().filter(|width| **width > 0);
    shown.map(|width| width + 2).sum::<usize>().saturating_sub(2)
}

/// The width of each column; 0 for one that is left out.
fn widths<'a>(
    header: &'a Cells,
    lines: impl Iterator<Item = &'a Cells> + Clone,
    terminal: Option<usize>,
) -> [usize; COLUMNS] {
    let mut widths = [0; COLUMNS];
    let says_nothing = lines.clone().all(|line| line[OPTIONAL].is_empty());
    for line in std::iter::once(header).chain(lines) {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().min(WIDEST).max(*width);
        }
    }
    if says_nothing || terminal.is_some_and(|terminal| terminal < total(&widths)) {
        widths[OPTIONAL] = 0;
    }
    let Some(terminal) = terminal else { return widths };
    for (column, least) in FLEXIBLE {
        let total = total(&widths);
        if let Some(width) = widths.get_mut(column) {
            let wanted = width.saturating_sub(total.saturating_sub(terminal)).max(least);
            *width = wanted.min(*width);
        }
    }
    widths
}

fn aligned(line: &Cells, widths: &[usize; COLUMNS], terminal: Option<usize>) -> String {
    let mut text = String::new();
    for (column, (cell, &width)) in line.iter().zip(widths).enumerate() {
        if width == 0 {
            continue;
        }
        if column > 0 {
            text.push_str("  ");
        }
        let cell = shortened(cell, width);
        if NUMBERS.contains(&column) {
            text.push_str(&format!("{cell:>width$}"));
        } else {
            text.push_str(&format!("{cell:width$}"));
        }
    }
    let text = text.trim_end();
    terminal.map_or_else(|| text.to_owned(), |terminal| shortened(text, terminal))
}

/// At most `width` characters; an ellipsis shows that there were more.
fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
pub(super) mod tests {
    use procnet_wire::rows::{ContainerRow, OwnerRow, UnitRow, UnixRow};

    use super::*;

    pub(in crate::ls) fn row(state: &str, remote: Option<&str>, owners: &[&str]) -> SocketRow {
        let owner = |name: &&str| OwnerRow {
            pid: 7,
            name: (*name).to_owned(),
            exe: None,
            user: None,
            started: 0,
            key: "7-1".to_owned(),
            label: (*name).to_owned(),
            container: None,
            unit: None,
        };
        SocketRow {
            protocol: "tcp".to_owned(),
            state: state.to_owned(),
            local: EndpointRow { ip: "0.0.0.0".to_owned(), port: 80 },
            v6_only: false,
            remote: remote.map(|ip| EndpointRow { ip: ip.to_owned(), port: 443 }),
            remote_name: None,
            name_evidence: None,
            country: None,
            network: None,
            interface: None,
            unix: None,
            direction: "listen".to_owned(),
            evidence: "none".to_owned(),
            owners: owners.iter().map(owner).collect(),
            attribution: "held".to_owned(),
            unknown_owner: None,
            uid: None,
            rx_bytes: 123_456,
            tx_bytes: 0,
            rx_packets: 0,
            tx_packets: 0,
            rtt_us: 0,
            retransmits: 0,
            netns: 1,
            cookie: 2,
            opened: 0,
        }
    }

    fn written(rows: &[SocketRow], terminal: Option<usize>) -> Vec<String> {
        let mut out = Vec::new();
        write(rows, &Users::default(), terminal, &mut out).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn columns_are_aligned_and_no_wider_than_needed() {
        let rows = [
            row("LISTEN", None, &["nginx", "nginx"]),
            row("ESTABLISHED", Some("2001:db8::1"), &["curl"]),
        ];
        let lines = written(&rows, None);
        let column = |line: &str, text: &str| line.find(text).unwrap();
        assert_eq!(column(&lines[0], "OWNER"), column(&lines[1], "7/nginx +1"));
        assert_eq!(column(&lines[0], "REMOTE"), column(&lines[2], "[2001:db8::1]:443"));
        assert!(lines[1].contains("0.0.0.0:80") && lines[1].contains("120K"));
    }

    #[test]
    fn the_table_fits_the_terminal_and_hostile_names_are_bounded() {
        let rows = [row("ESTABLISHED", Some("2001:db8:1:2:3:4:5:6"), &["x".repeat(900).as_str()])];
        for line in written(&rows, Some(100)).iter().chain(&written(&rows, Some(20))) {
            assert!(line.chars().count() <= 100, "{line}");
        }
        assert!(written(&rows, Some(20)).iter().all(|line| line.chars().count() <= 20));
        assert!(written(&rows, None)[1].chars().count() < 250);
    }

    #[test]
    fn the_place_is_shown_where_all_of_it_has_room() {
        let mut contained = row("LISTEN", None, &["nginx"]);
        contained.owners[0].container = Some(ContainerRow {
            runtime: "docker".to_owned(),
            id: "0123456789abcdef".repeat(4),
            name: None,
            pod: None,
        });
        let mut kept = row("LISTEN", None, &["sshd"]);
        kept.owners[0].unit = Some(UnitRow {
            name: "ssh.service".to_owned(),
            manager: "system".to_owned(),
            uid: None,
            application: None,
            within: None,
        });
        let rows = [contained, kept];
        let lines = written(&rows, None);
        assert!(lines[0].ends_with("CONTAINER/UNIT"), "{}", lines[0]);
        assert!(lines[1].ends_with("  0123456789ab") && lines[2].ends_with("  ssh.service"));
        let (wide, narrow) = (lines[0].chars().count(), lines[0].chars().count() - 1);
        assert_eq!(written(&rows, Some(wide)), lines);
        assert!(written(&rows, Some(narrow))[0].ends_with("ATTRIBUTION"));
        let without = written(&[row("LISTEN", None, &["x"])], None);
        assert!(without[0].ends_with("ATTRIBUTION"), "{}", without[0]);
    }

    #[test]
    fn amounts_have_at_most_four_digits() {
        assert_eq!(bytes(9_999), "9999");
        assert_eq!(bytes(10_240), "10K");
        assert_eq!(bytes(u64::MAX), "15E");
        assert_eq!((rtt(0), rtt(250), rtt(25_000)), ("-".into(), "250us".into(), "25ms".into()));
    }

    #[test]
    fn all_addresses_are_told_apart_as_ss_does() {
        let shown = |ip: &str, v6_only| {
            let local_end = EndpointRow { ip: ip.to_owned(), port: 80 };
            local(&SocketRow { local: local_end, v6_only, ..row("LISTEN", None, &[]) })
        };
        assert_eq!(shown("::", false), "*:80");
        assert_eq!(shown("::", true), "[::]:80");
        assert_eq!(shown("0.0.0.0", false), "0.0.0.0:80");
        assert_eq!(shown("::1", false), "[::1]:80");
    }

    #[test]
    fn unix_sockets_show_paths_where_others_show_addresses() {
        let unix = |path: Option<&str>, direction: &str| SocketRow {
            unix: Some(UnixRow {
                path: path.map(str::to_owned),
                service: Some("/run/a".to_owned()),
                r#type: "stream".to_owned(),
                inode: 7,
                peer_inode: Some(8),
            }),
            direction: direction.to_owned(),
            ..row("ESTABLISHED", None, &[])
        };
        let (server, client) = (unix(Some("/run/a"), "inbound"), unix(None, "outbound"));
        assert_eq!((local(&server), remote(&server)), ("/run/a".to_owned(), "#8".to_owned()));
        assert_eq!((local(&client), remote(&client)), ("#7".to_owned(), "/run/a".to_owned()));
        let pair = unix(None, "unknown");
        assert_eq!((local(&pair), remote(&pair)), ("#7".to_owned(), "#8".to_owned()));
    }

    #[test]
    fn an_unknown_owner_says_why() {
        let mut hidden = row("ESTABLISHED", Some("192.0.2.1"), &[]);
        hidden.attribution = "unknown".to_owned();
        hidden.unknown_owner = Some("no permission".to_owned());
        hidden.uid = Some(7);
        let line = written(&[hidden], None).remove(1);
        assert!(
            line.contains("  (uid 7)  ") && line.ends_with("unknown (no permission)"),
            "{line}"
        );
    }

    #[test]
    fn what_nobody_counted_is_no_zero() {
        let uncounted = SocketRow { rx_bytes: 0, ..row("LISTEN", None, &["nginx"]) };
        let cell = |row: &SocketRow| (counted(row, row.rx_bytes), counted(row, row.tx_bytes));
        assert_eq!(cell(&uncounted), ("-".to_owned(), "-".to_owned()));
        let silent = SocketRow { rtt_us: 12, ..uncounted };
        assert_eq!(cell(&silent), ("0".to_owned(), "0".to_owned()));
        assert_eq!(cell(&row("ESTABLISHED", None, &[])), ("120K".to_owned(), "0".to_owned()));
    }
}
