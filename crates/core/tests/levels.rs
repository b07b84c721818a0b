//! What a view that chooses its grouping itself shows of much: the rules of `docs/SPEC.md` (V3, V13).

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod machine;

use std::collections::BTreeSet;
use std::sync::Arc;

use machine::{Machine, key, labels, node};
use procnet_core::view::scene::Scene;
use procnet_core::view::{Grouping, LEGIBLE_EDGES, LEGIBLE_NODES, View, ViewSpec};
use procnet_core::{Event, Process, SocketKey};

const SERVER: u32 = 10;

/// A database, and clients of it as many as asked for.
struct Crowd {
    machine: Machine,
    clients: u16,
    opened: Vec<(u32, SocketKey)>,
}

impl Crowd {
    fn new() -> Self {
        let mut machine = Machine::new();
        machine.start(1, "init", None);
        machine.start(SERVER, "postgres", Some(1));
        machine.listen("127.0.0.1:5432", SERVER);
        Self { machine, clients: 0, opened: Vec::new() }
    }

    /// One more process, with that many connections.
    fn client(&mut self, process: Process, connections: u16) {
        let pid = process.key.pid;
        self.machine.tell(vec![Event::ProcessStarted(Arc::new(process))]);
        for _ in 0..connections {
            self.clients += 1;
            let port = 20_000 + self.clients;
            let local = format!("127.0.0.1:{port}");
            self.opened.push((pid, self.machine.tcp(&local, "127.0.0.1:5432", pid)));
        }
    }

    /// All processes but the first `left` daemons end.
    fn leave(&mut self, left: u32) {
        let gone = |pid: u32| pid >= 1000 + left;
        for (pid, socket) in self.opened.clone() {
            if gone(pid) {
                self.machine.close(socket);
                self.machine.tell(vec![Event::ProcessExited(key(pid))]);
            }
        }
        self.opened.retain(|(pid, _)| !gone(*pid));
        self.machine.pass(16);
    }

    /// Daemons of programs of their own.
    fn daemons(&mut self, numbers: std::ops::Range<u32>, connections: u16) {
        for number in numbers {
            self.client(Process::bare(key(1000 + number), format!("job{number}d")), connections);
        }
    }

    fn view(&self) -> View {
        self.machine.view(ViewSpec::default())
    }

    fn update(&mut self, view: &mut View) {
        self.machine.update(view);
    }
}

fn script(pid: u32, arguments: &[&str]) -> Process {
    let mut process = Process::bare(key(pid), "python3");
    process.exe = Some(Arc::from("/usr/bin/python3.11"));
    process.arguments = arguments.iter().map(|argument| Arc::from(*argument)).collect();
    process
}

fn connections(scene: &Scene) -> u32 {
    scene.edges.values().map(|edge| edge.sockets).sum()
}

#[test]
fn v3_executables_are_joined_whatever_they_run() {
    let mut crowd = Crowd::new();
    crowd.client(script(20, &["python3", "/srv/a.py"]), 1);
    crowd.client(script(21, &["python3", "/srv/b.py"]), 1);
    crowd.client(script(22, &["python3", "/srv/b.py"]), 1);
    crowd.client(Process::bare(key(23), "psql"), 1);
    let spec = |grouping| ViewSpec { grouping, ..ViewSpec::default() };
    let family = crowd.machine.view(spec(Grouping::Family));
    assert_eq!(labels(family.scene()), ["postgres", "psql", "python a.py", "python b.py ×2"]);
    let view = crowd.machine.view(spec(Grouping::Executable));
    assert_eq!(labels(view.scene()), ["postgres", "psql", "python ×3"]);
    let python = node(view.scene(), "python ×3");
    assert_eq!((&*python.key, &*python.program), ("b/app/python", "python3.11"));
    let expanded = [python.key.clone()].into();
    let view = crowd.machine.view(ViewSpec { expanded, ..spec(Grouping::Executable) });
    assert_eq!(
        labels(view.scene()),
        ["postgres", "psql", "python a.py", "python b.py", "python b.py"]
    );
}

#[test]
fn v13_what_would_take_a_search_is_joined_by_program_not_by_user() {
    let mut crowd = Crowd::new();
    for pid in 0..200 {
        crowd.client(script(100 + pid, &["python3", &format!("/srv/job{pid}.py")]), 1);
    }
    let view = crowd.view();
    assert_eq!(view.level(), Grouping::Executable);
    assert_eq!(labels(view.scene()), ["postgres", "python ×200"]);
    // Who asks for something gets it within the budget, however much that is.
    let tree = ViewSpec { grouping: Grouping::Tree, ..ViewSpec::default() };
    assert_eq!(crowd.machine.view(tree).scene().nodes.len(), 201);
    assert_eq!(crowd.machine.view(ViewSpec::default().without_budget()).scene().nodes.len(), 201);
}

#[test]
fn v13_services_and_the_busiest_stay_by_themselves() {
    let mut crowd = Crowd::new();
    crowd.daemons(0..180, 1);
    crowd.daemons(200..203, 5);
    let mut view = crowd.view();
    let scene = view.scene();
    assert_eq!(view.level(), Grouping::Executable);
    assert!(scene.nodes.len() <= LEGIBLE_NODES && scene.edges.len() <= LEGIBLE_EDGES);
    assert_eq!(connections(scene), 195, "nothing is lost");
    for kept in ["postgres", "job200d", "job201d", "job202d"] {
        assert_eq!(node(scene, kept).count, 1);
    }
    let alone: BTreeSet<String> = labels(scene).into_iter().map(str::to_owned).collect();
    assert_eq!(alone.len(), 14, "the database, twelve programs, and all others: {alone:?}");
    let others = node(scene, "others of unknown user ×171");
    assert_eq!((&*others.key, others.expandable, others.sockets), ("o/?", true, 171));

    // Somebody else becomes the busiest: the picture stays as it is, and is another one from anew.
    crowd.machine.engine.take_changes();
    crowd.client(Process::bare(key(1150), "job150d"), 9);
    crowd.update(&mut view);
    let now: BTreeSet<String> = labels(view.scene()).into_iter().map(str::to_owned).collect();
    assert_eq!(now, alone);
    assert_eq!(node(crowd.view().scene(), "job150d").count, 1);
    // Its members are there for whoever asks.
    let expanded = ["o/?".into()].into();
    let view = crowd.machine.view(ViewSpec { expanded, ..ViewSpec::default() });
    assert_eq!(view.scene().nodes.len(), 184);
    assert_eq!(connections(view.scene()), 204);
}

#[test]
fn v13_a_picture_that_somebody_looks_at_changes_late_and_comes_back_late() {
    let mut crowd = Crowd::new();
    crowd.daemons(0..130, 1);
    let mut view = crowd.view();
    crowd.machine.engine.take_changes();
    assert_eq!((view.level(), view.scene().nodes.len()), (Grouping::Tree, 131));
    crowd.daemons(130..190, 1);
    crowd.update(&mut view);
    assert_eq!((view.level(), view.scene().nodes.len()), (Grouping::Tree, 191));
    assert_eq!(crowd.view().level(), Grouping::Executable, "who comes anew sees what reads well");
    crowd.daemons(190..210, 1);
    crowd.update(&mut view);
    assert_eq!(view.level(), Grouping::Executable);
    // As many as it showed by themselves before do not bring that back; far fewer do.
    for (left, level) in [(170, Grouping::Executable), (60, Grouping::Tree)] {
        crowd.leave(left);
        crowd.update(&mut view);
        assert_eq!(view.level(), level, "{left} left: {:?}", labels(view.scene()));
    }
}
