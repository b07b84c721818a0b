//! The program as a Windows service, with Wine's service manager.

use std::net::TcpListener;

use crate::http;
use crate::machine;
use crate::program::procnet;
use crate::wait_for;

/// What it said, if it ended with that code.
fn said(arguments: &[&str], code: i32) -> String {
    let output = procnet(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    said
}

/// Takes the service away, whatever becomes of the test.
struct Installed;

impl Drop for Installed {
    fn drop(&mut self) {
        // It is gone already if all went well.
        let _ = procnet(&["service", "uninstall"]);
    }
}

fn answers(address: &str) -> bool {
    let token = machine::token();
    std::net::TcpStream::connect(address).is_ok()
        && http::request(address, token.as_deref(), "GET", "/healthz", None).status == 200
}

#[test]
fn a_service_is_installed_changed_and_taken_away() {
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (first, second) = (free(), free());
    let port = |address: &str| address.rsplit(':').next().unwrap().to_owned();

    let _installed = Installed;
    let (option, file) = ("--token-file", machine::token_file());
    let told = said(&["service", "install", "--port", &port(&first), "--udp", option, &file], 0);
    assert!(told.contains(&format!("http://{first}/")), "{told}");
    wait_for("the page of the service", || answers(&first).then_some(()));

    // With other options, it is the same service.
    said(&["service", "install", "--port", &port(&second), option, &file], 0);
    wait_for("the page at its new port", || answers(&second).then_some(()));
    assert!(!answers(&first));

    said(&["service", "uninstall"], 0);
    let connected = std::net::TcpStream::connect(&second);
    assert!(connected.is_err(), "stopped before it is taken away");
    let told = said(&["service", "uninstall"], 2);
    assert!(told.contains("not installed"), "{told}");
}

#[test]
fn what_makes_no_sense_for_a_service_is_refused() {
    let told = said(&["service", "install", "--bind", "0.0.0.0"], 2);
    assert!(told.contains("this machine only"), "{told}");
    let told = said(&["service", "install", "--rules", "my.yaml"], 2);
    assert!(told.contains("the whole path"), "{told}");
    let told = said(&["service", "run"], 2);
    assert!(told.contains("procnet serve"), "{told}");
}
