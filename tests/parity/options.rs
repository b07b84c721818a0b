//! What people type, and mistype.

use std::net::TcpListener;

use crate::machine;
use crate::program::procnet;

/// It ends with code 2 and says one line on stderr that contains `told`.
fn refuses(arguments: &[&str], told: &str) {
    let output = procnet(arguments);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
    assert_eq!(error.lines().count(), 1, "{arguments:?}: {error}");
    assert!(error.starts_with("procnet: ") && error.contains(told), "{arguments:?}: {error}");
    assert!(output.stdout.is_empty());
}

#[test]
fn parity_row_19_a_bad_option_is_one_line_and_code_2() {
    refuses(&["--port", "http"], "a port number from 0 to 65535");
    refuses(&["--interval", "0"], "seconds from 0.1 to 3600");
    refuses(&["--port", "-1"], "a port number from 0 to 65535");
    refuses(&["--svc-ports", "80,x"], "port numbers from 1 to 65535");
    refuses(&["--svc-ports", ""], "port numbers from 1 to 65535");
    refuses(&["--log", "blah="], "error, warn, info, debug, trace");
    refuses(&["--group-by", "colour"], "process");
    refuses(&["--no-such-option"], "--no-such-option");
    refuses(&["ls", "prot:1"], "bad filter");
    let folder = machine::folder();
    let missing = machine::path(&folder.path().join("icons"));
    refuses(&["--port", "0", "--icons-dir", &missing], &missing);
    refuses(&["--port", "0", "--rules", "no-such-rules.yaml"], "no-such-rules.yaml");
    let broken = folder.path().join("rules.yaml");
    std::fs::write(&broken, "- match_name: x\n  type: app\n- match_name: '/(/'\n  type: y\n")
        .unwrap();
    refuses(&["--port", "0", "--rules", &machine::path(&broken)], "line 3");
}

#[test]
fn a_port_in_use_is_one_line_and_code_2() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    refuses(&["--port", &port], "in use");
}

#[test]
fn help_and_version_are_no_errors() {
    for arguments in [&["--help"][..], &["--version"], &["ls", "--help"], &["man"]] {
        let output = procnet(arguments);
        assert!(output.status.success(), "{arguments:?}");
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{arguments:?}");
    }
    let help = String::from_utf8(procnet(&["--help"]).stdout).unwrap();
    for taught in ["procnet ls port:5432", "--icons-dir", "procnet demo", "[default: 8765]"] {
        assert!(help.contains(taught), "{taught} is not in the help");
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = String::from_utf8(procnet(&["completions", shell]).stdout).unwrap();
        assert!(script.contains("svc-ports"), "{shell}");
    }
}
