//! The options as people type them.

use std::collections::BTreeSet;

use super::*;

fn parse(line: &str) -> Result<Options, String> {
    Options::try_parse_from(line.split_whitespace())
        .map_err(|error| one_line(&error, line.split_whitespace().nth(1)))
}

#[test]
fn the_table_is_consistent() {
    Options::command().debug_assert();
}

#[test]
fn parity_row_19_options_and_defaults() {
    let defaults = parse("procnet").unwrap().serve;
    assert_eq!((defaults.port, defaults.collecting.interval), (8765, Duration::from_secs(1)));
    assert!(!defaults.p2p_only && !defaults.udp && !defaults.unix);
    assert!(defaults.knowledge.rules.is_none() && defaults.icons_dir.is_none());

    let line = "procnet --port 1234 --interval 0.5 --rules r.yaml --p2p-only --udp \
                --svc-ports 9000,9090 --icons-dir icons";
    let all = parse(line).unwrap().serve;
    assert_eq!((all.port, all.collecting.interval), (1234, Duration::from_millis(500)));
    assert!(all.p2p_only && all.udp);
    assert_eq!(all.knowledge.rules, Some(PathBuf::from("r.yaml")));
    assert_eq!(all.knowledge.svc_ports.unwrap().extra, BTreeSet::from([9000, 9090]));
    assert_eq!(all.icons_dir, Some(PathBuf::from("icons")));
}

#[test]
fn serve_takes_its_options_with_and_without_its_name() {
    let Some(Command::Serve(named)) = parse("procnet serve --port 9 --udp").unwrap().command else {
        panic!("serve is a command");
    };
    assert_eq!((named.port, named.udp), (9, true));
    assert!(parse("procnet --port 9 ls").is_err());
}

#[test]
fn events_are_wanted_where_there_are_any_unless_one_kind_is_forced() {
    for (line, kind) in [
        ("procnet", CollectorKind::Auto),
        ("procnet --collector bpf", CollectorKind::Events),
        ("procnet --collector etw", CollectorKind::Events),
        ("procnet serve --collector scan", CollectorKind::Scan),
    ] {
        let options = parse(line).unwrap();
        let Some(Command::Serve(serve)) = options.command else {
            assert_eq!(options.serve.collecting.collect().kind, kind, "{line}");
            continue;
        };
        assert_eq!(serve.collecting.collect().kind, kind, "{line}");
    }
}

#[test]
fn a_bad_value_says_what_was_expected_in_one_line() {
    for (line, expected) in [
        ("procnet --interval 0", "seconds from 0.1 to 3600"),
        ("procnet --interval NaN", "seconds from 0.1 to 3600"),
        ("procnet --interval soon", "seconds from 0.1 to 3600"),
        ("procnet --port 70000", "a port number from 0 to 65535"),
        ("procnet --port http", "a port number from 0 to 65535"),
        ("procnet --svc-ports 80,http", "port numbers from 1 to 65535"),
        ("procnet --svc-ports 0", "port numbers from 1 to 65535"),
        ("procnet --svc-ports=", "port numbers from 1 to 65535"),
        ("procnet --svc-ports 80,,90", "port numbers from 1 to 65535"),
        ("procnet --svc-ports 80,", "port numbers from 1 to 65535"),
        ("procnet --svc-ports -1", "port numbers from 1 to 65535"),
        ("procnet --port -1", "a port number from 0 to 65535"),
        ("procnet --interval -1", "seconds from 0.1 to 3600"),
        ("procnet ls --interval -0.5", "seconds from 0.1 to 3600"),
        ("procnet demo --seed -1", "a whole number from 0"),
        ("procnet demo --sockets 0", "a number from 1 to 200000"),
        ("procnet demo --sockets 9 --size small", "--size"),
        ("procnet --collector ebpf", "auto, bpf, scan"),
        ("procnet --bind here", "an IP address"),
        ("procnet --allow-host http://x/", "a host name"),
        ("procnet --behind-proxy https://x/", "a host name"),
        ("procnet --tls-cert a.pem", "--tls-key"),
        ("procnet --tls-key a.pem", "--tls-cert"),
        ("procnet --tls-self-signed --tls-cert a --tls-key b", "--tls-cert"),
        ("procnet token --address box", "the address of a page"),
        ("procnet token --address http://box/path", "the address of a page"),
        ("procnet --group-by colour", "auto"),
        ("procnet --log loud", "error, warn, info, debug, trace"),
        ("procnet --log blah=", "error, warn, info, debug, trace"),
        ("procnet demo --size vast", "medium"),
        ("procnet --prot 1", "--port"),
        ("procnet ls --json --csv", "--csv"),
    ] {
        let message = parse(line).unwrap_err();
        assert!(message.contains(expected), "{line}: {message}");
        assert!(!message.contains('\n'), "{line}: {message}");
    }
}

#[test]
fn a_mistake_points_at_the_help_that_lists_the_option() {
    let ends = |line: &str, end: &str| {
        let message = parse(line).unwrap_err();
        assert!(message.ends_with(end), "{line}: {message}");
    };
    ends("procnet ls --jsn", "`procnet ls --help` lists all options");
    ends("procnet --prot 1", "`procnet --help` lists all options");
    ends("procnet serv", "`procnet --help` lists all options");
}

#[test]
fn groupings_are_those_of_the_core() {
    for grouping in Grouping::ALL {
        let line = format!("procnet --group-by {}", grouping.as_str());
        assert_eq!(parse(&line).unwrap().serve.group_by, grouping);
    }
}
