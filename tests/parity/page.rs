//! What the one binary carries: page, icons, licences.

use crate::machine;
use crate::program::Server;

#[test]
fn parity_row_04_the_page_and_the_graph_are_served() {
    let server = Server::start(&[]);
    let page = server.get("/");
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let graph = server.json("/api/graph");
    assert!(graph["nodes"].is_array() && graph["edges"].is_array());
    let health = server.json("/healthz");
    assert_eq!(health["ok"], true);
}

#[test]
fn parity_row_20_the_program_alone_serves_a_page_that_fetches_nothing_elsewhere() {
    let folder = machine::folder();
    let server = Server::start_as(machine::alone(folder.path()).arg("serve"), &[]);
    let page = server.get("/").text();
    let named: Vec<&str> = ["src=\"", "href=\""]
        .iter()
        .flat_map(|attribute| page.split(attribute).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .filter(|name| !name.starts_with("data:"))
        .collect();
    assert!(named.iter().any(|name| name.ends_with(".js")), "{page}");
    for name in named {
        assert!(!name.contains("//"), "the page names another host: {name}");
        let path = format!("/{}", name.trim_start_matches(['.', '/']));
        assert_eq!(server.get(&path).status, 200, "{path}");
    }
}

#[test]
fn parity_row_21_vendor_files_stay_and_their_manifest_does_not() {
    let server = Server::start(&[]);
    let manifest = server.get("/vendor/manifest.json");
    assert_eq!(
        manifest.header("cache-control"),
        Some("no-store, no-cache, must-revalidate, max-age=0")
    );
    let text = manifest.text();
    let files: Vec<&str> =
        text.split('"').filter(|word| word.ends_with(".js") || word.ends_with(".txt")).collect();
    assert!(!files.is_empty(), "{text}");
    for file in files {
        let path =
            format!("/vendor/{}", file.trim_start_matches('/').trim_start_matches("vendor/"));
        let answer = server.get(&path);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(
            answer.header("cache-control"),
            Some("public, max-age=31536000, immutable"),
            "{path}"
        );
    }
}

#[test]
fn parity_row_22_the_log_tells_which_vendor_files_were_served() {
    let server = Server::start(&[]);
    server.get("/vendor/manifest.json");
    crate::wait_for("the line about the manifest", || {
        let messages = server.running.messages();
        messages.iter().any(|m| m.contains("vendor manifest found")).then_some(())
    });
}

#[test]
fn parity_row_18_icons_of_ones_own() {
    let folder = machine::folder();
    let png = |text: &str| [b"\x89PNG\r\n\x1a\n", text.as_bytes()].concat();
    std::fs::write(folder.path().join("database.png"), png("database")).unwrap();
    std::fs::write(folder.path().join("service.png"), png("service")).unwrap();
    std::fs::write(folder.path().join("secret.txt"), "nobody may read this").unwrap();
    let server = Server::start(&["--icons-dir", &machine::path(folder.path())]);
    let icon = |path: &str| server.get(path);
    assert_eq!(icon("/assets/database.png").body, png("database"));
    // A type without a file takes the service's.
    assert_eq!(icon("/assets/cache.png").body, png("service"));
    let outside = [
        "/assets/secret.txt",
        "/assets/../secret.txt",
        "/assets/%2e%2e/secret.txt",
        "/assets/..%5csecret.txt",
    ];
    for outside in outside {
        assert!(!icon(outside).text_lossy().contains("nobody may read"), "{outside}");
    }
}
