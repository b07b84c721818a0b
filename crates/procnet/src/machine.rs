//! A look at this machine: the collector and the engine, without a server around them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use procnet_collect::{CollectError, CollectOptions, Collector, CollectorKind};
use procnet_core::Moment;
use procnet_core::engine::{Engine, EngineOptions};
use procnet_core::registry::ServicePorts;
use procnet_core::rules::RuleSet;
use procnet_wire::live::HostInfo;

use crate::names::Names;
use crate::options::KnowledgeOptions;
use crate::rules_file::RulesSource;
use crate::usage::UsageError;

/// The first look at a machine with a million sockets takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// This machine, as of the latest look.
pub(crate) struct Machine {
    collector: Collector,
    engine: Engine,
    began: Instant,
}

/// Starts to collect. That events are insisted on where there are none is something that can be
/// put right.
pub(crate) fn collector(options: CollectOptions) -> Result<Collector> {
    Collector::new(options).map_err(|error| match error {
        CollectError::Events { reason } => UsageError(format!(
            "--collector bpf: no kernel events: {reason}; `procnet doctor` says what would help, \
             and --collector scan does without"
        ))
        .into(),
        error => error.into(),
    })
}

/// Gives up what a running collector does not need. No other thread may run yet.
pub(crate) fn relinquish(kind: CollectorKind) -> Result<()> {
    procnet_collect::relinquish(kind).context("can't give up the capabilities that are not needed")
}

/// One line that says why this machine is only scanned, if that was not asked for.
pub(crate) fn fallback(collector: &Collector, asked: CollectorKind) -> Option<String> {
    if asked == CollectorKind::Scan || collector.kind() != CollectorKind::Scan {
        return None;
    }
    let events = collector.capabilities().iter().find(|known| known.id == "kernel-events");
    events.map(|known| format!("no events from the kernel. {}", known.reason))
}

impl Machine {
    /// Looks for the first time.
    pub(crate) fn look_once(
        knowledge: &Knowledge,
        track_sockets: bool,
        options: CollectOptions,
    ) -> Result<Self> {
        let mut machine = Self {
            collector: collector(options)?,
            engine: Engine::new(EngineOptions {
                rules: Arc::clone(&knowledge.rules),
                service_ports: knowledge.service_ports.clone(),
                track_sockets,
                ..EngineOptions::default()
            }),
            began: Instant::now(),
        };
        // Without them addresses are told all the same.
        if let Ok(Some(interfaces)) = procnet_collect::local_interfaces() {
            machine.engine.know_interfaces(interfaces);
        }
        // The first look is due at once, and tells everything.
        if !machine.look(PATIENCE)? {
            bail!("looking at all sockets and processes takes longer than {PATIENCE:?}");
        }
        Ok(machine)
    }

    /// Takes in what happens next, but waits no longer than that for it. True if anything came.
    pub(crate) fn look(&mut self, longest: Duration) -> Result<bool, CollectError> {
        let Some(batch) = self.collector.next(longest)? else { return Ok(false) };
        self.engine.apply(batch, since(self.began));
        Ok(true)
    }

    /// Asks about the remote addresses that there are, for a moment. It takes threads: whatever is to
    /// be given up was given up before.
    pub(crate) fn ask_for_names(&mut self, names: &Names) {
        let known = names.of_one_look(self.engine.graph().remote_addresses());
        self.engine.know_addresses(known);
    }

    /// Where it comes from.
    pub(crate) fn collector(&self) -> &Collector {
        &self.collector
    }

    /// What is known.
    pub(crate) fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }
}

/// What is told about this machine.
pub(crate) fn host() -> HostInfo {
    let facts = procnet_collect::host_facts();
    HostInfo {
        name: facts.hostname,
        os: facts.os.to_ascii_lowercase(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// A single look gains nothing from events, and loading programs would take most of its time.
pub(crate) fn for_one_look(options: CollectOptions) -> CollectOptions {
    match options.kind {
        CollectorKind::Auto => CollectOptions { kind: CollectorKind::Scan, ..options },
        _ => options,
    }
}

/// The engine's clock: how long ago `began` was.
pub(crate) fn since(began: Instant) -> Moment {
    Moment::default().saturating_add(began.elapsed())
}

/// What gives processes their types, and connections their direction.
pub(crate) struct Knowledge {
    /// The rules as they were read at the start.
    pub(crate) rules: Arc<RuleSet>,
    /// Where to read them again.
    pub(crate) source: RulesSource,
    /// The last resort of direction.
    pub(crate) service_ports: ServicePorts,
    /// Who is asked about remote addresses.
    pub(crate) names: Names,
}

impl Knowledge {
    /// Reads what the options name.
    pub(crate) fn load(options: &KnowledgeOptions) -> Result<Self, UsageError> {
        let source = RulesSource::new(options.rules.as_deref(), !options.no_builtin_rules)
            .map_err(UsageError)?;
        let rules = source.load().map_err(UsageError)?;
        let service_ports = options.svc_ports.clone().unwrap_or_default();
        let names = Names::new(options)?;
        Ok(Self { rules, source, service_ports, names })
    }
}
