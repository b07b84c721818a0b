use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::container::{Container, Runtime};
use crate::endpoint::Endpoint;
use crate::key::{HostId, ProcessKey};
use crate::process::{Process, User};
use crate::socket::{Direction, Protocol, SocketState};
use crate::unit::{Manager, Unit};

fn process(pid: u32, name: &str, arguments: &[&str], user: (u32, &str)) -> Process {
    let key = ProcessKey { host: HostId::LOCAL, pid, started: 1 };
    let mut process = Process::bare(key, name);
    process.exe = Some(Arc::from(format!("/usr/bin/{name}")));
    process.arguments = arguments.iter().map(|&a| Arc::from(a)).collect();
    process.user = Some(User { id: user.0, name: Some(Arc::from(user.1)) });
    process.unit = Some(Arc::new(Unit {
        name: Arc::from(format!("{name}.service")),
        manager: Manager::System,
        application: None,
        within: None,
    }));
    process
}

/// `python app.py` of www-data (pid 101), connected to PostgreSQL (pid 202) on 10.0.0.5.
struct World {
    app: Process,
    postgres: Process,
}

fn contained(process: Process) -> Process {
    let container = Arc::new(Container {
        runtime: Runtime::Docker,
        id: Arc::from("443abcdef0123456".repeat(4)),
        name: Some(Arc::from("shop-db-1")),
        pod: Some(Arc::from("36f20d9d-cbc1-4ebd-b111-536eaa6a332e")),
    });
    Process { container: Some(container), ..process }
}

impl World {
    fn new() -> Self {
        Self {
            app: process(
                101,
                "python3.11",
                &["python3", "/srv/Shop/app.py", "--config", "prod"],
                (33, "www-data"),
            ),
            postgres: contained(process(
                202,
                "postgres",
                &["postgres:", "idle"],
                (999, "postgres"),
            )),
        }
    }

    fn link(&self) -> Subject<'_> {
        Subject {
            client: Some(Party {
                process: Some(&self.app),
                label: "python app.py",
                type_name: "app",
                ip: "10.0.0.4".parse().ok(),
                host: "web1",
                owner: None,
            }),
            server: Some(Party {
                process: Some(&self.postgres),
                label: "postgres",
                type_name: "database",
                ip: "10.0.0.5".parse().ok(),
                host: "db1",
                owner: None,
            }),
            protocol: Some(Protocol::Tcp),
            service_port: Some(5432),
            local: Some(Endpoint::new("10.0.0.4".parse().unwrap(), 40000)),
            remote: Some(Endpoint::new("10.0.0.5".parse().unwrap(), 5432)),
            states: StateSet::of(SocketState::Established).with(SocketState::CloseWait),
            direction: Some(Direction::Outbound),
            received_bytes: 900_000,
            sent_bytes: 100_000,
            rtt_us: 15_000,
            retransmits: 3,
            sockets: 12,
            external: true,
            ..Subject::default()
        }
    }
}

/// Filters that fit [`World::link`], and filters that do not.
#[rustfmt::skip]
const CASES: &[(&str, bool)] = &[
    ("", true), ("  ", true),
    // Words: in any text, ignoring case.
    ("app.py", true), ("APP.PY", true), ("shop/app", true), ("python app", true),
    ("\"python3 /srv\"", true), ("nginx", false), ("www", true), ("database", true),
    ("10.0.0.", true), ("db1", true), ("tcp", true), ("udp", false), ("established", true),
    ("time_wait", false), ("\"config prod\"", true), ("/usr/bin/post", true),
    // Numbers: ports and pids exactly, or in a text that is no address.
    ("5432", true), ("40000", true), ("543", false), ("101", true), ("10", false), ("0", false),
    ("3", true), ("\"10\"", true),
    // Addresses.
    ("10.0.0.0/8", true), ("10.0.0.5", true), ("10.0.0.5:5432", true), ("10.0.0.5:40000", false),
    ("192.168.0.0/16", false), ("fe80::1", false), ("::ffff:10.0.0.4", true),
    // Regular expressions.
    ("/app\\.py$/", true), ("/APP\\.PY$/", false), ("/APP\\.PY$/i", true), ("/^10\\.0/", true),
    ("/--config (dev|prod)/", true),
    // All, one of, not.
    ("app.py postgres", true), ("app.py nginx", false), ("nginx OR postgres", true),
    ("nginx|postgres", true), ("nginx || postgres", true), ("nginx OR redis", false),
    ("app.py AND postgres", true), ("-nginx", true), ("!nginx", true), ("NOT nginx", true),
    ("-postgres", false), ("--postgres", true), ("NOT NOT NOT postgres", false),
    ("nginx OR app.py postgres", true), ("nginx (app.py OR postgres)", false),
    ("(nginx OR app.py) postgres", true), ("-(nginx OR redis)", true), ("-(app.py nginx)", true),
    ("-(app.py postgres)", false),
    // Parties: either fits; the negation is of the whole term.
    ("proc:postgres", true), ("proc:PYTHON", true), ("process:python3", true), ("name:nginx", false),
    ("-proc:postgres", false), ("proc:nginx,postgres", true), ("proc:\"python app\"", true),
    ("proc=postgres", true), ("proc=Postgres", false), ("proc=post", false),
    ("proc!=nginx", true), ("proc!=postgres", false), ("proc=nginx,postgres", true),
    ("proc~/^post/", true), ("proc~/^POST/", false), ("proc~/^POST/i", true), ("proc~^post", true),
    ("proc!~/^post/", false), ("proc:/^post/", true), ("proc~\"^python app\"", true),
    ("client:python", true), ("client:postgres", false), ("server:postgres", true),
    ("to:postgres", true), ("from:postgres", false),
    ("cmd:--config", true), ("cmd:\"--config prod\"", true), ("cmd:\"--config dev\"", false),
    ("cmd~/app.py .* prod$/", true), ("exe:/usr/bin/postgres", true), ("exe=/usr/bin/postgres", true),
    ("exe=postgres", false), ("user:www", true), ("user=www-data", true), ("user=www", false),
    ("container:shop-db", true), ("container=shop-db-1", true), ("container=shop-db", false),
    ("container:443abcdef012", true), ("container=443abcdef012", true), ("ctr~/^shop/", true),
    ("container:36f20d9d", true), ("container:docker", false), ("-container~/./", false),
    ("unit:postgres", true), ("unit=python3.11.service", true), ("unit:nginx", false),
    ("shop-db-1", true), ("python3.11.service", true), ("443", false),
    ("uid:33", true), ("user=999", true), ("user:34", false),
    ("type:data", true), ("type=database", true), ("type=data", false), ("type!=app", false),
    ("label:\"python app\"", true), ("label:python3", false), ("host:web", true), ("host=db1", true),
    ("host:db2", false),
    ("pid:101", true), ("pid:202", true), ("pid:10", false), ("pid:100-110", true), ("pid>201", true),
    ("pid!=101", false), ("pid!=300", true),
    // Ports and addresses.
    ("port:5432", true), ("port:40000", true), ("port:80,443", false), ("port:80,5000-6000", true),
    ("port>50000", false), ("port>=40000", true), ("port!=5432", false), ("lport:40000", true),
    ("lport:5432", false), ("rport:5432", true), ("rport=40000", false),
    ("ip:10.0.0.0/24", true), ("ip:10.0.0.4", true), ("remote:10.0.0.5", true),
    ("remote:10.0.0.4", false), ("remote:10.0.0.0/30", false), ("remote:10.0.0.5:5432", true),
    ("remote:[10::1]:5432", false), ("local:10.0.0.4", true), ("src:10.0.0.5", false),
    ("remote:127.0.0.1,10.0.0.0/8", true), ("remote!=10.0.0.0/8", false), ("remote~/^10\\./", true),
    // Words of a field.
    ("proto:tcp", true), ("proto:UDP", false), ("proto!=udp", true), ("state:ESTABLISHED", true),
    ("state:close-wait", true), ("state:estab", true), ("state:TIME_WAIT,CLOSE_WAIT", true),
    ("state:LISTEN", false), ("dir:out", true), ("dir:inbound", false), ("class:db", true),
    ("class:database,web", true), ("class:other", false), ("is:external", true), ("is:stale", false),
    ("is:internet", false), ("is:exposed", false),
    ("is:listener", false), ("-is:unattributed", true),
    // Numbers with units.
    ("bytes:1M", true), ("bytes>1M", false), ("bytes>=1M", true), ("bytes<1MiB", true),
    ("sent:100k", true), ("received>500kB", true), ("rx>1M", false), ("rtt>10ms", true),
    ("rtt>15000us", false), ("rtt<=15", true), ("rtt:10-20ms", true), ("rtt<0.1s", true),
    ("retransmits>2", true), ("retransmits:0", false), ("sockets>=12", true), ("count:1", false),
    ("PORT:5432", true),
];

#[test]
fn what_is_on_the_internet_and_what_is_open_to_it() {
    let fits = |text: &str, subject: &Subject<'_>| Filter::parse(text).unwrap().matches(subject);
    let at = |text: &str| Some(Endpoint::new(text.parse().unwrap(), 443));
    for (ip, public) in [("203.0.113.7", true), ("10.0.0.5", false), ("::1", false)] {
        let subject = Subject { remote: at(ip), ..Subject::default() };
        assert_eq!(fits("is:internet", &subject), public, "{ip}");
    }
    for (ip, exposed) in [
        ("0.0.0.0", true),
        ("::", true),
        ("203.0.113.7", true),
        ("127.0.0.1", false),
        ("10.0.0.4", false),
    ] {
        let listener = Subject { local: at(ip), listener: true, ..Subject::default() };
        assert_eq!(fits("is:exposed", &listener), exposed, "{ip}");
        assert!(!fits("is:exposed", &Subject { listener: false, ..listener }), "{ip}");
    }
    assert!(!fits("is:internet | is:open", &Subject::default()));
}

#[test]
fn filters_fit_what_they_say() {
    let world = World::new();
    for &(text, expected) in CASES {
        let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(filter.matches(&world.link()), expected, "{text}");
        let again = Filter::parse(&filter.to_string())
            .unwrap_or_else(|error| panic!("{text} as {filter}: {error}"));
        assert_eq!(again.to_string(), filter.to_string(), "{text}");
        assert_eq!(again.matches(&world.link()), expected, "{text} as {filter}");
    }
}

#[test]
fn what_is_not_there_fits_only_a_negation() {
    let nothing = Subject::default();
    for info in FIELDS {
        let filter = Filter::parse(info.example).unwrap();
        let counts = matches!(info.field, Field::Received);
        assert_eq!(filter.matches(&nothing), counts, "{}", info.example);
        assert_eq!(
            Filter::parse(&format!("-{}", info.example)).unwrap().matches(&nothing),
            !counts
        );
    }
    // A round-trip time of 0 was not measured; no bytes are 0 bytes.
    for (text, expected) in
        [("rtt<1s", false), ("rtt:0", false), ("bytes:0", true), ("port:0", false), ("0", false)]
    {
        assert_eq!(Filter::parse(text).unwrap().matches(&nothing), expected, "{text}");
    }
}

#[test]
fn a_process_by_itself_and_an_idle_listener_can_be_found() {
    let world = World::new();
    let lone = Subject {
        lone: Some(Party { process: Some(&world.app), label: "python app.py", ..Party::default() }),
        ..Subject::default()
    };
    let listener = Subject {
        server: Some(Party { process: Some(&world.postgres), label: "pg", ..Party::default() }),
        service_port: Some(5432),
        local: Some(Endpoint::new("0.0.0.0".parse().unwrap(), 5432)),
        states: StateSet::of(SocketState::Listen),
        direction: Some(Direction::Listen),
        sockets: 1,
        listener: true,
        ..Subject::default()
    };
    for (text, fits_lone, fits_listener) in [
        ("user:www-data", true, false),
        ("proc:python", true, false),
        ("client:python", false, false),
        ("is:listener", false, true),
        ("dir:listen port:5432 server:pg", false, true),
        ("listen", false, true),
        ("0.0.0.0", false, true),
        ("-state:LISTEN", true, false),
    ] {
        let filter = Filter::parse(text).unwrap();
        assert_eq!(filter.matches(&lone), fits_lone, "{text}");
        assert_eq!(filter.matches(&listener), fits_listener, "{text}");
    }
}

#[test]
fn the_canonical_form_is_short() {
    for (text, canonical) in [
        ("  a   b ", "a b"),
        ("a AND b", "a b"),
        ("a | b c", "a OR b c"),
        ("(a OR b) c", "(a OR b) c"),
        ("((a)) (b (c))", "a b c"),
        ("NOT a !b", "-a -b"),
        ("--a", "a"),
        ("-(a b)", "-(a b)"),
        ("-(a)", "-a"),
        ("process:x", "proc:x"),
        ("PROC!=x", "-proc=x"),
        ("proc:/a|b/i", "proc~/a|b/i"),
        ("proc~a/b", "proc~/a\\/b/"),
        ("state:estab,listening", "state:ESTABLISHED,LISTEN"),
        ("port=80,443", "port:80,443"),
        ("\"say \\\"hi\\\"\"", "\"say \\\"hi\\\"\""),
        ("user:\"a b\",c", "user:\"a b\",c"),
        ("/usr/bin/nginx", "\"/usr/bin/nginx\""),
        ("exe:/opt/a cmd:/b/", "exe:\"/opt/a\" cmd~/b/"),
        ("// remote~OR", "\"//\" remote~/OR/"),
    ] {
        assert_eq!(Filter::parse(text).unwrap().to_string(), canonical, "{text}");
    }
    assert!(Filter::parse(" ").unwrap().is_empty());
    assert_eq!(Filter::parse("a  b"), Filter::parse("a AND b"));
}

#[test]
fn an_error_says_where_and_what_instead() {
    for (text, position, message) in [
        ("prot:tcp", 0..4, "unknown field `prot`; did you mean `proto`?"),
        ("a colour:red", 2..8, "unknown field `colour`; put it in quotes to search for the text"),
        (
            "port:abc",
            5..8,
            "`port` expects a port from 0 to 65535, or a range such as 8000-8999, not `abc`",
        ),
        (
            "port:80,99999",
            8..13,
            "`port` expects a port from 0 to 65535, or a range such as 8000-8999, not `99999`",
        ),
        (
            "bytes>many",
            6..10,
            "`bytes` expects a number of bytes such as 500, 10k, 1.5M or 4KiB, not `many`",
        ),
        ("rtt>1h", 4..6, "`rtt` expects a time such as 300us, 20ms or 1.5s, not `1h`"),
        ("state:ESTABLISHD", 6..16, "`state` knows no `ESTABLISHD`; did you mean `ESTABLISHED`?"),
        ("dir:sideways", 4..12, "`dir` knows no `sideways`, only in, out, listen, unknown"),
        ("proc>5", 0..5, "`proc` cannot be asked with `>`, only with : = != ~ !~"),
        ("proto~/x/", 0..6, "`proto` cannot be asked with `~`, only with : = !="),
        ("proc:", 5..5, "`proc` needs a value here, as in `proc:nginx`"),
        ("port:80,", 8..8, "`port` needs a value here, as in `port:80,443,8000-8999`"),
        ("proc~", 5..5, "`proc~` needs a regular expression between slashes: `/…/`"),
        (
            "remote:10.0.0",
            7..13,
            "`remote` expects an address such as 10.0.0.1 or ::1, a block such as 10.0.0.0/8, or a /regex/, not `10.0.0`",
        ),
        ("proc~/(a/", 5..9, "bad regular expression: unclosed group"),
        ("x /\\w{900}/", 2..11, "the regular expression is too large: shorten its repetitions"),
        ("\"abc", 0..4, "the quote is never closed: add `\"`"),
        ("(a", 0..1, "`(` is never closed: add `)`"),
        ("a)", 1..2, "`)` closes nothing: remove it"),
        ("()", 1..1, "a term is missing here"),
        ("a OR", 4..4, "`OR` needs a term on both sides"),
        ("| a", 0..0, "`OR` needs a term on both sides"),
        ("AND a", 0..3, "`AND` needs a term on both sides"),
        (
            "port:\"\\\"ä \"",
            5..12,
            "`port` expects a port from 0 to 65535, or a range such as 8000-8999, not `\"ä `",
        ),
        ("a AND AND", 6..9, "`AND` needs a term on both sides"),
        ("--AND", 2..5, "`AND` needs a term on both sides"),
        ("a -", 2..3, "a negation needs a term behind it"),
        ("NOT", 0..3, "a negation needs a term behind it"),
        ("- a", 0..1, "a negation needs a term behind it"),
    ] {
        let error = Filter::parse(text).expect_err(text);
        assert_eq!((error.message.as_str(), error.position.clone()), (message, position), "{text}");
        assert!(error.to_string().ends_with(")"), "{error}");
    }
}

#[test]
fn everything_has_a_limit() {
    let long = "a".repeat(MAX_LENGTH + 1);
    let terms = "a ".repeat(MAX_TERMS + 1);
    let values = format!("port:{}80", "80,".repeat(MAX_TERMS));
    let nested = format!("{}a{}", "(".repeat(MAX_NESTING + 1), ")".repeat(MAX_NESTING + 1));
    for (text, message) in [
        (long, "the filter is longer than 1000 bytes"),
        (terms, "the filter has more than 64 terms"),
        (values, "the filter has more than 64 terms"),
        (nested, "parentheses are nested deeper than 16"),
    ] {
        assert_eq!(Filter::parse(&text).expect_err(message).message, message);
    }
    assert!(Filter::parse(&"-".repeat(MAX_LENGTH - 1)).is_err());
    assert!(Filter::parse(&format!("{}a", "!".repeat(MAX_LENGTH - 1))).is_ok());
    assert!(Filter::parse(&"a".repeat(MAX_LENGTH)).is_ok());
    let deepest = format!("{}a{}", "(".repeat(MAX_NESTING), ")".repeat(MAX_NESTING));
    assert!(Filter::parse(&deepest).is_ok());
}

#[test]
fn the_table_keeps_its_promises() {
    for info in FIELDS {
        let filter =
            Filter::parse(info.example).unwrap_or_else(|error| panic!("{}: {error}", info.example));
        let canonical = filter.to_string();
        assert!(
            canonical.starts_with(info.name),
            "{} is no example of {}",
            info.example,
            info.name
        );
        for operator in [":", "=", "!=", "~", "!~", ">", "<", ">=", "<="] {
            let value = match info.kind {
                FieldKind::Choice(choices) => choices[0].name,
                FieldKind::Address => "10.0.0.1",
                FieldKind::Text | FieldKind::Number(_) => "1",
            };
            let known = info.operators().contains(&operator);
            let text = format!("{}{operator}{value}", info.name);
            assert_eq!(Filter::parse(&text).is_ok(), known, "{text}");
        }
        if let FieldKind::Choice(choices) = info.kind {
            for choice in choices {
                for name in std::iter::once(&choice.name).chain(choice.aliases) {
                    let filter = Filter::parse(&format!("{}:{name}", info.name)).unwrap();
                    assert_eq!(filter.to_string(), format!("{}:{}", info.name, choice.name));
                }
            }
        }
    }
}

/// Text that is nearly a filter.
fn near_filters() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(" ".to_owned()),
        "(OR|AND|NOT|[-!()|\"/,~=:<>]|!=|!~|>=)",
        "(proc|port|remote|state|bytes|rtt|is|cmd|x)(:|=|~|!=|>|<=)",
        "(80|80-90|10ms|1M|10\\.0\\.0\\.1|::1|10\\.0\\.0\\.0/8|tcp|LISTEN|stale|a|\\\\|ä)",
        "/[ab|(]{0,3}/i?",
        "\"[a \\\\\"]{0,3}\"",
    ];
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,80}") {
        if let Err(error) = Filter::parse(&text) {
            prop_assert!(text.get(error.position.clone()).is_some(), "{:?}", error);
        }
    }

    #[test]
    fn the_canonical_form_means_the_same(text in near_filters()) {
        let world = World::new();
        match Filter::parse(&text) {
            Err(error) => {
                prop_assert!(text.get(error.position.clone()).is_some(), "{:?}", error);
                prop_assert!(!error.message.is_empty());
            }
            Ok(filter) => {
                let canonical = filter.to_string();
                let again = Filter::parse(&canonical);
                prop_assert!(again.is_ok(), "{} became {}: {:?}", text, canonical, again);
                let again = again.unwrap();
                prop_assert_eq!(again.to_string(), canonical);
                prop_assert_eq!(again.matches(&world.link()), filter.matches(&world.link()));
                prop_assert_eq!(again.is_empty(), filter.is_empty());
            }
        }
    }

    #[test]
    fn negation_negates(text in near_filters()) {
        let world = World::new();
        if let (Ok(filter), Ok(negated)) =
            (Filter::parse(&text), Filter::parse(&format!("-({text})")))
            && !filter.is_empty()
        {
            prop_assert_ne!(filter.matches(&world.link()), negated.matches(&world.link()));
        }
    }
}
