//! Every route, over a real connection.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its helpers with it"
)]

mod support;

use procnet_core::{Capability, CapabilityState, Degradation, Event, Interfaces, NetnsId};
use procnet_server::{ReloadRules, ServerOptions};
use support::Server;

#[test]
fn parity_row_04_the_page_and_the_graph() {
    let server = Server::start();
    let page = server.get("/");
    assert_eq!(page.status(), 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.text().contains("<html"));
    let graph = server.get("/api/graph").json();
    assert_eq!(graph["nodes"].as_array().unwrap().len(), 7);
    assert_eq!(graph["edges"].as_array().unwrap().len(), 5);
}

#[test]
fn parity_row_10_and_row_11_as_parameters() {
    let server = Server::start();
    let count = |target: &str| server.get(target).json()["edges"].as_array().unwrap().len();
    assert_eq!(count("/api/graph?udp=1"), 6);
    assert_eq!(count("/api/graph?p2p_only=1"), 2);
    assert_eq!(count("/api/graph?p2p_only=1&udp=1&whatever=x"), 2);
    let bad = server.get("/api/graph?udp=maybe");
    assert_eq!((bad.status(), bad.text()), (400, r#"{"error":"udp=maybe: give 1 or 0"}"#));
}

#[test]
fn the_graph_says_if_nothing_changed() {
    let mut server = Server::start();
    let first = server.get("/api/graph");
    let etag = first.header("etag").unwrap().to_owned();
    let again = |server: &Server| server.get_with("/api/graph", &[("if-none-match", &etag)]);
    assert_eq!(again(&server).status(), 304);
    assert!(again(&server).body.is_empty());
    server.feed(|_| ());
    assert_eq!(again(&server).status(), 304, "a batch without news");
    server.feed(|machine| {
        machine.process(500, "/bin/new");
        machine.tcp(500, "192.0.2.1:47000", "203.0.113.5:443");
    });
    assert_eq!(again(&server).status(), 200);
    assert_ne!(server.get("/api/graph?udp=1").header("etag"), Some(etag.as_str()));
}

#[test]
fn json_is_compressed_for_who_can_read_it() {
    let server = Server::start();
    let plain = server.get("/api/graph");
    assert_eq!(plain.header("content-encoding"), None);
    let packed = server.get_with("/api/graph", &[("accept-encoding", "gzip")]);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.len() < plain.body.len());
    assert_eq!(packed.body[..2], [0x1f, 0x8b]);
    let page = server.get_with("/", &[("accept-encoding", "gzip")]);
    assert_eq!(page.header("vary"), Some("accept-encoding"));
}

#[test]
fn parity_row_21_caching() {
    let server = Server::start();
    let page = server.get("/");
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let etag = page.header("etag").unwrap();
    assert_eq!(server.get_with("/", &[("if-none-match", etag)]).status(), 304);
    let manifest = server.get("/vendor/manifest.json");
    assert_eq!(manifest.status(), 200);
    assert_eq!(
        manifest.header("cache-control"),
        Some("no-store, no-cache, must-revalidate, max-age=0")
    );
    // Everything that the page loads may be kept for ever.
    let mut loaded = 0;
    for target in page.text().split('"').filter(|text| text.starts_with("/ui/")) {
        let file = server.get(target);
        assert_eq!(file.status(), 200, "{target}");
        let caching = Some("public, max-age=31536000, immutable");
        assert_eq!(file.header("cache-control"), caching, "{target}");
        loaded += 1;
    }
    assert!(loaded > 0, "{}", page.text());
}

#[test]
fn parity_row_20_the_manifest_lists_what_is_there() {
    use sha2::{Digest as _, Sha256};
    let server = Server::start();
    let manifest = server.get("/vendor/manifest.json").json();
    let text = manifest.to_string();
    let mut checked = 0;
    let mut pending = vec![&manifest];
    while let Some(value) = pending.pop() {
        pending.extend(value.as_array().into_iter().flatten());
        pending.extend(value.as_object().into_iter().flat_map(|object| object.values()));
        let (Some(file), Some(hash)) = (value["file"].as_str(), value["sha256"].as_str()) else {
            continue;
        };
        let target =
            if file.starts_with('/') { file.to_owned() } else { format!("/vendor/{file}") };
        let reply = server.get(&target);
        assert_eq!(reply.status(), 200, "{target} of {text}");
        let digest: String =
            Sha256::digest(&reply.body).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, hash.to_ascii_lowercase(), "{target}");
        checked += 1;
    }
    assert!(checked > 0, "{text}");
}

#[test]
fn parity_row_18_icons_fall_back() {
    let directory = tempfile::tempdir().unwrap();
    let icons = directory.path();
    std::fs::write(icons.join("service.png"), b"\x89PNG service").unwrap();
    std::fs::write(icons.join("mq.png"), b"\x89PNG mq").unwrap();
    std::fs::write(icons.join("secret.txt"), b"secret").unwrap();
    let server = Server::with_options(ServerOptions {
        icons_dir: Some(icons.to_owned()),
        ..ServerOptions::default()
    });
    let own = server.get("/assets/mq.png");
    assert_eq!(
        (own.text_lossy(), own.header("content-type")),
        ("PNG mq".into(), Some("image/png"))
    );
    assert_eq!(own.header("cache-control"), Some("no-cache"));
    let etag = own.header("etag").unwrap();
    assert_eq!(server.get_with("/assets/mq.png", &[("if-none-match", etag)]).status(), 304);
    assert_eq!(server.get("/assets/database.png").text_lossy(), "PNG service");
    // Shapes follow: everything has at least the fallback.
    let graph = server.get("/api/graph").json();
    for node in graph["nodes"].as_array().unwrap() {
        assert_eq!(node["shape"], "image");
        assert_eq!(node["image"], "/assets/service.png");
    }
    let legend = server.get("/api/v1/scene").json()["legend"]["types"].clone();
    let broker = legend.as_array().unwrap().iter().find(|t| t["name"] == "message_broker");
    assert_eq!(broker.unwrap()["image"], "/assets/mq.png");

    let without = Server::start();
    let built_in = without.get("/assets/database.png");
    assert_eq!(built_in.header("content-type"), Some("image/svg+xml"));
    assert!(built_in.text().contains("<svg"));
    assert_eq!(without.get("/assets/invented.png").status(), 200);
    assert_eq!(without.get("/api/graph").json()["nodes"][0]["shape"], "icon");
    for server in [&server, &without] {
        for name in ["secret.txt", "..%2Fsecret.png", "%2e%2e%2fmq.png", "a%00.png", ".png", "mq"] {
            assert_eq!(server.get(&format!("/assets/{name}")).status(), 404, "{name}");
        }
        assert_eq!(server.get("/assets/../Cargo.toml").status(), 404);
    }
}

#[test]
fn parity_row_17_rules_are_read_again_and_no_other_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("rules.yaml");
    std::fs::write(&file, "[]").unwrap();
    let read = file.clone();
    let reload = ReloadRules::new(file.clone(), move || {
        let text = std::fs::read_to_string(&read).unwrap();
        if text == "bad" { Err("rules.yaml:1: no list".to_owned()) } else { Ok(text.len()) }
    });
    let server = Server::with_options(ServerOptions {
        reload_rules: Some(reload),
        ..ServerOptions::default()
    });
    let post = |target: &str, body: &str| server.send("POST", target, &[], body);
    let json = r#"{"ok":true,"rules":2}"#;
    let absolute = file.canonicalize().unwrap();
    let absolute = absolute.to_str().unwrap();
    assert_eq!(post("/api/reload_rules", "").text(), json);
    assert_eq!(post("/api/reload_rules", "{}").text(), json);
    assert_eq!(post("/api/reload_rules", &format!(r#"{{"path":"{absolute}"}}"#)).text(), json);
    assert_eq!(post("/api/reload_rules?path=rules.yaml", "").text(), json);
    for refused in [
        post("/api/reload_rules", r#"{"path":"/etc/passwd"}"#),
        post("/api/reload_rules?path=/etc/passwd", ""),
        post("/api/reload_rules?path=rules.yaml", r#"{"path":"/etc/passwd"}"#),
    ] {
        assert_eq!(refused.status(), 403);
        assert_eq!(refused.json()["ok"], false);
        assert!(refused.text().contains("--rules"), "{}", refused.text());
    }
    std::fs::write(&file, "bad").unwrap();
    let bad = post("/api/reload_rules", "");
    assert_eq!(
        (bad.status(), bad.text()),
        (400, r#"{"ok":false,"error":"rules.yaml:1: no list"}"#)
    );
    for no_request in ["not json", "null", "7", r#"{"path":7}"#] {
        let refused = post("/api/reload_rules", no_request);
        assert_eq!(refused.status(), 400, "{no_request}");
        let error = refused.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(r#"{"path": "rules.yaml"}"#), "{error}");
        assert!(!error.contains("struct"), "{error}");
    }
    assert_eq!(post("/api/reload_rules", &"x".repeat(65 * 1024)).status(), 413);
    let without = Server::start().send("POST", "/api/reload_rules", &[], "");
    assert_eq!(without.status(), 400);
    assert!(without.text().contains("--rules"));
}

#[test]
fn rules_change_what_is_shown() {
    let server = Server::start();
    let rules = "[{match_name: nginx, type: proxy, label: Front}]";
    let rules = procnet_core::rules::RuleSet::parse("rules.yaml", rules).unwrap();
    server.live.set_rules(rules.into());
    let graph = server.get("/api/graph").json();
    assert_eq!(graph["nodes"][0]["label"], "Front\nPID 100");
    let scene = server.get("/api/v1/scene").json();
    let types = scene["legend"]["types"].as_array().unwrap();
    assert!(types.iter().any(|t| t["name"] == "proxy"), "an invented type is in the legend");
}

#[test]
fn the_scene_of_a_view() {
    let mut server = Server::start();
    let scene = server.get("/api/v1/scene");
    let json = scene.json();
    assert_eq!(json["host"]["name"], "box");
    assert_eq!(json["grouping"]["asked"], "process");
    let labels = json["nodes"]["label"].as_array().unwrap();
    assert!(labels.iter().any(|label| label == "nginx"), "{labels:?}");
    let etag = scene.header("etag").unwrap();
    let again = [("if-none-match", etag)];
    assert_eq!(server.get_with("/api/v1/scene", &again).status(), 304);
    server.feed(|_| ());
    assert_eq!(server.get_with("/api/v1/scene", &again).status(), 304, "nothing visible");
    server.feed(|machine| {
        machine.process(500, "/bin/new");
        machine.listen(500, "127.0.0.1:9999");
    });
    assert_eq!(server.get_with("/api/v1/scene", &again).status(), 200);

    let filtered = server.get("/api/v1/scene?filter=postgres&udp=1&listeners=0&group=family");
    let labels = filtered.json()["nodes"]["label"].to_string();
    assert!(labels.contains("postgres") && !labels.contains("redis"), "{labels}");
    // The same view, said in another way, goes on where it was.
    let same = server.get("/api/v1/scene?group=family&listeners=off&udp=yes&filter=%20postgres%20");
    assert_eq!(same.json()["epoch"], filtered.json()["epoch"]);
}

/// Percent-encoded (RFC 3986), more than need be.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

#[test]
fn sockets_as_rows() {
    let server = Server::start();
    let all = server.get("/api/v1/sockets?udp=1").json();
    assert_eq!(all["total"], 16);
    assert_eq!(all["sockets"].as_array().unwrap().len(), 16);
    let few = server.get("/api/v1/sockets?limit=2&filter=port:5432").json();
    assert_eq!((few["total"].as_u64(), few["sockets"].as_array().unwrap().len()), (Some(7), 2));
    let scene = server.get("/api/v1/scene?udp=1").json();
    let key_of = |things: &str, field: &str, value: &str| {
        let values = scene[things][field].as_array().unwrap();
        let at = values.iter().position(|v| *v == *value).unwrap_or_else(|| panic!("{values:?}"));
        encoded(scene[things]["key"][at].as_str().unwrap())
    };
    let node = key_of("nodes", "label", "postgres");
    let behind = server.get(&format!("/api/v1/sockets?udp=1&node={node}")).json();
    assert!(behind["total"].as_u64().unwrap() >= 4, "{behind}");
    let edge = key_of("edges", "state", "UDP");
    let behind = server.get(&format!("/api/v1/sockets?udp=1&edge={edge}")).json();
    assert_eq!(
        (behind["total"].as_u64(), &behind["sockets"][0]["protocol"]),
        (Some(1), &"udp".into())
    );
    assert_eq!(server.get("/api/v1/sockets?node=nothing").status(), 404);
}

#[test]
fn v14_the_table_of_all_sockets_follows_the_switches_of_the_map() {
    let server = Server::start();
    let rows = |query: &str| -> Vec<serde_json::Value> {
        let list = server.get(&format!("/api/v1/sockets?{query}")).json();
        list["sockets"].as_array().unwrap().clone()
    };
    let told = |query: &str, field: &str| -> std::collections::BTreeSet<String> {
        rows(query).iter().map(|row| row[field].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(told("", "protocol"), ["tcp".to_owned()].into());
    assert_eq!(told("udp=1", "protocol"), ["tcp".to_owned(), "udp".to_owned()].into());
    assert!(told("", "state").contains("LISTEN"));
    assert!(!told("listeners=0", "state").contains("LISTEN"));
    let (all, local) = (rows("udp=1"), rows("udp=1&p2p_only=1"));
    assert!(!local.is_empty() && local.len() < all.len());
    let scene = server.get("/api/v1/scene?udp=1&p2p_only=1").json();
    assert!(scene["nodes"]["kind"].as_array().unwrap().iter().all(|kind| kind == "process"));
    for row in local {
        assert!(row["state"] != "LISTEN" && row["remote_name"].is_null(), "{row}");
        let ends = [&row["local"]["ip"], &row["remote"]["ip"]];
        assert!(all.iter().any(|other| ends == [&other["remote"]["ip"], &other["local"]["ip"]]));
    }
    // What the map draws and what the table counts is the same.
    let facets = server.get("/api/v1/facets").json().to_string();
    assert!(!facets.contains("proto:udp"), "{facets}");
}

#[test]
fn n5_a_local_address_says_its_interface() {
    let server = Server::start();
    let told = |query: &str| -> Vec<(String, Option<String>)> {
        let list = server.get(&format!("/api/v1/sockets?{query}")).json();
        let rows = list["sockets"].as_array().unwrap().iter();
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        rows.map(|row| (text(&row["local"]["ip"]).unwrap(), text(&row["interface"]))).collect()
    };
    assert!(told("").iter().all(|(_, interface)| interface.is_none()));
    let netns = server.get("/api/v1/sockets?limit=1").json()["sockets"][0]["netns"].as_u64();
    let listed = [("127.0.0.1", "lo")].map(|(ip, name)| (ip.parse().unwrap(), name.to_owned()));
    server.live.know_interfaces(Interfaces::new(NetnsId(netns.unwrap()), listed));
    let rows = told("sort=interface");
    assert_eq!(rows[0].1.as_deref(), Some("lo"));
    for (ip, interface) in rows {
        assert_eq!(interface.as_deref() == Some("lo"), ip.starts_with("127."), "{ip}");
    }
}

#[test]
fn sockets_in_an_order_and_by_pages() {
    let server = Server::start();
    let ports = |query: &str| -> (u64, Vec<u64>) {
        let list = server.get(&format!("/api/v1/sockets?filter=pid:200&{query}")).json();
        let rows = list["sockets"].as_array().unwrap();
        let ports = rows.iter().map(|row| row["local"]["port"].as_u64().unwrap()).collect();
        (list["total"].as_u64().unwrap(), ports)
    };
    let (total, all) = ports("sort=local");
    assert!(total > 4 && all.len() as u64 == total);
    let (same, first) = ports("sort=local&limit=2");
    let (_, rest) = ports("sort=local&offset=2");
    assert_eq!((same, [first, rest].concat()), (total, all.clone()));
    let (_, down) = ports("sort=local&order=desc");
    assert_eq!(down, all.into_iter().rev().collect::<Vec<_>>());
    assert_eq!(ports("offset=1000").1, [0_u64; 0]);
    assert!(ports("mute=port:8000").0 < total);
    for bad in ["sort=colour", "sort=pid&order=up", "offset=x"] {
        assert_eq!(server.get(&format!("/api/v1/sockets?{bad}")).status(), 400, "{bad}");
    }
}

#[test]
fn what_there_is_to_ask_for() {
    let server = Server::start();
    let facets = server.get("/api/v1/facets?udp=1").json();
    let of = |name: &str| {
        let facets = facets["facets"].as_array().unwrap();
        facets.iter().find(|facet| facet["field"] == name).unwrap().clone()
    };
    let ports = of("port");
    let postgres = ports["values"].as_array().unwrap().iter().find(|v| v["value"] == "5432");
    let postgres = postgres.unwrap();
    assert_eq!((&postgres["filter"], &postgres["count"]), (&"port:5432".into(), &4.into()));
    assert_eq!(ports["others"], 0);
    assert!(of("proto")["values"].to_string().contains("udp"));
    let fewer = server.get("/api/v1/facets?filter=port:443").json().to_string();
    assert!(!fewer.contains("5432"), "{fewer}");
}

#[test]
fn one_process() {
    let server = Server::start();
    let details = server.get("/api/v1/processes/200-2000").json();
    assert_eq!(details["label"], "python app.py");
    assert_eq!(details["socket_count"], 7);
    for key in ["200-2001", "200", "x", "200-2000-1", "%2e%2e"] {
        let reply = server.get(&format!("/api/v1/processes/{key}"));
        assert_eq!(reply.status(), 404, "{key}");
        assert!(reply.json()["error"].is_string());
    }
}

#[test]
fn what_cannot_be_seen_is_told() {
    let mut server = Server::start();
    server.feed(|machine| {
        let capability = Capability {
            id: "socket-owners",
            title: "Owners",
            state: CapabilityState::Partial,
            reason: "only your own".into(),
            remedy: Some("sudo setcap …".into()),
        };
        machine.event(Event::Capabilities([capability].into()));
        let hidden = Degradation { id: "owners-hidden", message: "3 hidden".into(), count: 3 };
        machine.event(Event::Degraded(hidden));
    });
    let list = server.get("/api/v1/capabilities").json();
    assert_eq!(list["capabilities"][0]["state"], "partial");
    assert_eq!(list["degradations"][0]["count"], 3);
    assert_eq!(server.get("/api/v1/scene").json()["degradations"][0]["id"], "owners-hidden");
}

#[test]
fn help_health_and_description() {
    let server = Server::start();
    let health = server.get("/healthz").json();
    assert_eq!((&health["ok"], &health["version"]), (&true.into(), &"1.2.3".into()));
    let fields = server.get("/api/v1/filter").json();
    assert!(fields["fields"].as_array().unwrap().iter().any(|f| f["name"] == "port"));
    let kinds = fields["fields"].as_array().unwrap().iter().map(|field| field["kind"].clone());
    let kinds: std::collections::BTreeSet<_> = kinds.map(|kind| kind.to_string()).collect();
    assert_eq!(kinds.len(), 8, "{kinds:?}");
    let wrong = server.get("/api/v1/scene?filter=prot:tcp").json();
    assert_eq!(wrong["suggestion"], "proto");
    assert_eq!(wrong["position"].to_string(), "[0,4]");
    let document = server.get("/api/v1/openapi.json").json();
    assert!(document["paths"]["/api/v1/stream"].is_object());
}

#[test]
fn mistakes_are_answered_in_json() {
    let server = Server::start();
    for target in ["/api/v1/scene", "/api/v1/stream", "/api/v1/sockets"] {
        let bad = server.get(&format!("{target}?filter=port:x"));
        assert_eq!(bad.status(), 400, "{target}");
        let json = bad.json();
        assert!(json["error"].is_string(), "{json}");
        let position: Vec<u64> =
            json["position"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
        assert!(position.len() == 2 && position[0] <= position[1] && position[1] <= 6, "{json}");
        assert_eq!(server.get(&format!("{target}?color=red")).status(), 400, "{target}");
    }
    for target in ["/api/nothing", "/api/v1/nothing", "/nothing", "/ui/", "/vendor/../Cargo.toml"] {
        let missing = server.get(target);
        assert_eq!(missing.status(), 404, "{target}");
        assert!(missing.json()["error"].is_string());
    }
}

#[test]
fn methods_are_checked() {
    let server = Server::start();
    for (method, target, allowed) in [
        ("POST", "/api/graph", "GET,HEAD"),
        ("DELETE", "/api/v1/scene", "GET,HEAD"),
        ("GET", "/api/reload_rules", "POST"),
        ("PUT", "/", "GET,HEAD"),
        ("OPTIONS", "/api/graph", "GET,HEAD"),
    ] {
        let refused = server.send(method, target, &[], "");
        assert_eq!(refused.status(), 405, "{method} {target}");
        assert_eq!(refused.header("allow"), Some(allowed), "{method} {target}");
    }
    let head = server.send("HEAD", "/api/graph", &[], "");
    assert_eq!((head.status(), head.body.len()), (200, 0));
}

#[test]
fn x1_the_map_as_a_file() {
    let server = Server::start();
    for (format, media_type, ending) in [
        ("json", "application/json", "json"),
        ("csv", "text/csv; charset=utf-8", "csv"),
        ("graphml", "application/graphml+xml", "graphml"),
        ("dot", "text/vnd.graphviz; charset=utf-8", "dot"),
        ("mermaid", "text/vnd.mermaid; charset=utf-8", "mmd"),
    ] {
        let file = server.get(&format!("/api/v1/export?format={format}&group=process"));
        assert_eq!((file.status(), file.header("content-type")), (200, Some(media_type)));
        let disposition = file.header("content-disposition").unwrap();
        let end = format!(".{ending}\"");
        assert!(
            disposition.starts_with("attachment; filename=\"procnet-box-")
                && disposition.ends_with(&end),
            "{disposition}"
        );
        assert!(file.text().contains("redis"), "{format}");
    }
    // The same view as the scene of the same parameters.
    let of = |route: &str, format: &str| {
        server.get(&format!("/api/v1/{route}?{format}filter=port:5432&p2p_only=1")).json()
    };
    let (file, scene) = (of("export", ""), of("scene", ""));
    assert_eq!(of("export", "format=json&"), file);
    let rows = file["nodes"].as_array().unwrap();
    assert_eq!(rows.len(), scene["nodes"]["id"].as_array().unwrap().len());
    for (row, label) in rows.iter().zip(scene["nodes"]["label"].as_array().unwrap()) {
        assert_eq!(row["label"], *label);
    }
    assert_eq!(file["edges"][0]["port"], 5432);
    let error = server.get("/api/v1/export?format=xml");
    assert_eq!(error.status(), 400);
    assert!(error.text().contains("graphml"), "{}", error.text());
    assert_eq!(server.get("/api/v1/export?formt=json").status(), 400);
}
