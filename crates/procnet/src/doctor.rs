//! `procnet doctor`: what this machine, kernel and privilege let us see, and how to see more.

use std::collections::BTreeSet;
use std::io::Write;

use anyhow::{Context, Result};
use procnet_collect::confinement::try_confinement;
use procnet_collect::{CollectOptions, HostFacts};
use procnet_core::NetnsId;
use procnet_core::graph::Graph;
use procnet_wire::encode::{capability_list, capability_row};
use procnet_wire::live::DegradationInfo;
use procnet_wire::rows::CapabilityRow;
use serde::Serialize;

use crate::ladder::Rung;
use crate::machine::{Knowledge, Machine};
use crate::names::Names;
use crate::options::DoctorOptions;
use crate::rules_file::RulesSource;
use crate::words::{counted, wrapped};

/// The longest line of prose: with its indent it fits a narrow terminal.
const WIDTH: usize = 72;

/// Where the page is by default.
const PAGE: &str = "http://127.0.0.1:8765/";

/// Everything that is told; the JSON form is published.
#[derive(Debug, Serialize)]
struct Findings {
    version: &'static str,
    hostname: String,
    os: String,
    kernel: String,
    uid: u32,
    user: Option<String>,
    privileged: bool,
    /// Null where privilege is no matter of capabilities.
    effective_capabilities: Option<Vec<&'static str>>,
    collecting: Rung,
    page: &'static str,
    visible: Visible,
    capabilities: Vec<CapabilityRow>,
    degradations: Vec<DegradationInfo>,
}

/// What can be seen right now.
#[derive(Debug, Serialize)]
struct Visible {
    processes: usize,
    sockets: usize,
    listeners: u32,
    sockets_without_known_owner: u32,
    network_namespaces: usize,
}

pub(crate) fn run(options: DoctorOptions) -> Result<()> {
    let rules = RulesSource::new(None, true).and_then(|source| source.load().map(|r| (source, r)));
    let (source, rules) = rules.map_err(anyhow::Error::msg)?;
    let names = Names::by_default();
    let told = names.capability();
    let knowledge = Knowledge { rules, source, service_ports: Default::default(), names };
    let collect =
        CollectOptions { kind: options.kind.collector.kind(), ..CollectOptions::default() };
    let asked = collect.kind;
    let mut machine = Machine::look_once(&knowledge, false, collect)?;
    let host = procnet_collect::host_facts();
    let rung = Rung::of(&host, asked, machine.collector().kind());
    let mut findings = Findings::new(host, rung, machine.engine().graph());
    findings.capabilities.push(capability_row(&told));
    let confined = try_confinement().capabilities();
    findings.capabilities.extend(confined.iter().map(capability_row));
    let text = if options.json {
        serde_json::to_string_pretty(&findings).context("can't write the findings as JSON")? + "\n"
    } else {
        findings.text()
    };
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("can't write to stdout"),
    }
}

impl Findings {
    fn new(host: HostFacts, collecting: Rung, graph: &Graph) -> Self {
        let totals = graph.totals();
        let namespaces = graph.sockets().map(|(_, socket)| socket.key.netns);
        let namespaces: BTreeSet<_> =
            namespaces.filter(|netns| *netns != NetnsId::default()).collect();
        let known = capability_list(graph);
        Self {
            version: env!("CARGO_PKG_VERSION"),
            hostname: host.hostname,
            os: host.os,
            kernel: host.kernel,
            uid: host.uid,
            user: own_user(graph),
            privileged: host.privileged,
            effective_capabilities: host.capabilities,
            collecting,
            page: PAGE,
            visible: Visible {
                processes: graph.process_count(),
                sockets: graph.socket_count(),
                listeners: totals.listeners,
                sockets_without_known_owner: totals.unattributed,
                network_namespaces: namespaces.len(),
            },
            capabilities: known.capabilities,
            degradations: known.degradations,
        }
    }

    fn text(&self) -> String {
        let mut lines = vec![
            format!("procnet {} on {} ({} {})", self.version, self.hostname, self.os, self.kernel),
            format!("running as {}", self.privilege()),
            format!("collecting {}", self.collecting.told),
        ];
        for missing in &self.collecting.missing {
            let told = format!("without {}: {}", missing.capabilities.join(", "), missing.cost);
            let wrapped = wrapped(&told, WIDTH);
            let marks = std::iter::once("  - ").chain(std::iter::repeat("    "));
            lines.extend(marks.zip(&wrapped).map(|(mark, line)| format!("{mark}{line}")));
        }
        lines.extend([String::new(), "What can be seen here:".to_owned()]);
        for capability in &self.capabilities {
            lines.push(format!("  [{}] {}", capability.state, capability.title));
            lines.extend(wrapped(&capability.reason, WIDTH).iter().map(|l| format!("      {l}")));
        }
        lines.extend(self.remedies());
        let visible = &self.visible;
        let mut right_now = format!(
            "Right now: {}; {}, {} of them listening",
            counted(visible.processes, "process", "processes"),
            counted(visible.sockets, "socket", "sockets"),
            visible.listeners,
        );
        if visible.network_namespaces > 0 {
            let count = visible.network_namespaces;
            right_now += "; ";
            right_now += &counted(count, "network namespace", "network namespaces");
        }
        lines.extend([String::new(), right_now]);
        for DegradationInfo { message, count, .. } in &self.degradations {
            let told = format!("{message} (how many: {count})");
            lines.extend(wrapped(&told, WIDTH).iter().map(|line| format!("  {line}")));
        }
        lines.extend([String::new(), format!("`procnet` serves the map on {}", self.page)]);
        lines.join("\n") + "\n"
    }

    /// What grants more, each command once.
    fn remedies(&self) -> Vec<String> {
        let remedies: BTreeSet<&str> =
            self.capabilities.iter().filter_map(|c| c.remedy.as_deref()).collect();
        if remedies.is_empty() {
            return Vec::new();
        }
        let lines = remedies.into_iter().map(|remedy| format!("  {remedy}"));
        [String::new(), "To see more:".to_owned()].into_iter().chain(lines).collect()
    }

    fn privilege(&self) -> String {
        let Some(capabilities) = &self.effective_capabilities else {
            let name = self.user.as_deref().unwrap_or("a user without a name");
            let kind = if self.privileged { "an administrator" } else { "no administrator" };
            return format!("{name}, {kind}");
        };
        let capabilities = match capabilities.as_slice() {
            [] => "no capabilities".to_owned(),
            all if all.len() > 30 => "all capabilities".to_owned(),
            some => some.join(", "),
        };
        let uid = self.uid;
        match &self.user {
            Some(name) => format!("{name} (uid {uid}) with {capabilities}"),
            None => format!("uid {uid} with {capabilities}"),
        }
    }
}

/// The name of the user as whom this program runs: it is a process of the graph itself.
fn own_user(graph: &Graph) -> Option<String> {
    let own = graph.processes().find(|entry| entry.process.key.pid == std::process::id())?;
    own.process.user.as_ref()?.name.as_deref().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use procnet_collect::CollectorKind;

    use super::*;

    #[test]
    fn what_is_missing_is_told_with_its_remedy() {
        let host = HostFacts {
            hostname: "box".to_owned(),
            os: "Linux".to_owned(),
            kernel: "6.1".to_owned(),
            uid: 1000,
            capabilities: Some(vec!["cap_net_raw"]),
            privileged: false,
        };
        let graph = procnet_core::engine::Engine::new(Default::default());
        let kind = CollectorKind::Scan;
        let rung = Rung::of(&host, CollectorKind::Auto, kind);
        let mut findings = Findings::new(host, rung, graph.graph());
        for id in ["socket-owners", "network-namespaces"] {
            findings.capabilities.push(CapabilityRow {
                id: id.to_owned(),
                title: id.to_owned(),
                state: "partial".to_owned(),
                reason: "Only your own processes can be looked into. ".repeat(3),
                remedy: Some(
                    "sudo setcap of_a_very_long_list_of_capabilities+ep procnet".repeat(2),
                ),
            });
        }
        let text = findings.text();
        for told in [
            "uid 1000 with cap_net_raw",
            "collecting by scanning",
            "  - without cap_bpf,",
            "[partial] socket-owners",
            "To see more:\n  sudo",
        ] {
            assert!(text.contains(told), "{told} is not in:\n{text}");
        }
        assert_eq!(text.matches("To see more").count(), 1, "{text}");
        assert!(text.lines().all(|l| l.len() <= 80 || l.starts_with("  sudo setcap")), "{text}");
        findings.user = Some("ada".to_owned());
        assert!(findings.text().contains("running as ada (uid 1000) with"));
        findings.effective_capabilities = None;
        assert!(findings.text().contains("running as ada, no administrator\n"));
        let json: serde_json::Value = serde_json::to_value(&findings).unwrap();
        assert_eq!(json["capabilities"][0]["state"], "partial");
    }
}
