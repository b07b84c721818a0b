//! The committed description of the API is the one that the code has.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its helpers with it"
)]

use std::path::Path;

#[test]
fn the_committed_document_is_the_code_s() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let mut document = procnet_server::openapi().to_pretty_json().unwrap();
    document.push('\n');
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, document).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == document,
        "docs/openapi.json is not what the code says: run the test again with UPDATE_EXPECT=1 \
         and commit the difference (the page's types are generated from it)"
    );
}

#[test]
fn every_route_and_every_event_is_described() {
    let document = serde_json::to_value(procnet_server::openapi()).unwrap();
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().collect();
    assert_eq!(
        paths,
        [
            "/api/graph",
            "/api/reload_rules",
            "/api/v1/capabilities",
            "/api/v1/export",
            "/api/v1/facets",
            "/api/v1/filter",
            "/api/v1/icons/{id}",
            "/api/v1/openapi.json",
            "/api/v1/processes/{key}",
            "/api/v1/scene",
            "/api/v1/sockets",
            "/api/v1/stream",
            "/healthz",
        ]
    );
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in
        ["SceneMessage", "DeltaMessage", "HeartbeatMessage", "NodeSet", "SocketEventRow", "GapRow"]
    {
        assert!(schemas.contains_key(name), "{name}");
    }
    // Whatever is referred to is there.
    let text = document.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
    }
}
