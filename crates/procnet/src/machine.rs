//! A look at this machine: the collector and the engine, without a server around them.

use std::sync::Arc;
use std::time::Instant;

use procnet_collect::{CollectError, ScanOptions, Scanner};
use procnet_core::Moment;
use procnet_core::engine::{Engine, EngineOptions};
use procnet_core::registry::ServicePorts;
use procnet_core::rules::RuleSet;

use crate::options::KnowledgeOptions;
use crate::rules_file::RulesSource;
use crate::usage::UsageError;

/// This machine, as of the latest look.
pub(crate) struct Machine {
    scanner: Scanner,
    engine: Engine,
    began: Instant,
}

impl Machine {
    /// Looks for the first time.
    pub(crate) fn look_once(
        knowledge: &Knowledge,
        track_sockets: bool,
    ) -> Result<Self, CollectError> {
        let mut machine = Self {
            scanner: Scanner::new(ScanOptions::default())?,
            engine: Engine::new(EngineOptions {
                rules: Arc::clone(&knowledge.rules),
                service_ports: knowledge.service_ports.clone(),
                track_sockets,
                ..EngineOptions::default()
            }),
            began: Instant::now(),
        };
        machine.look()?;
        Ok(machine)
    }

    /// Looks again.
    pub(crate) fn look(&mut self) -> Result<(), CollectError> {
        let batch = self.scanner.poll()?;
        self.engine.apply(batch, since(self.began));
        Ok(())
    }

    /// What is known.
    pub(crate) fn engine(&mut self) -> &mut Engine {
        &mut self.engine
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
}

impl Knowledge {
    /// Reads what the options name.
    pub(crate) fn load(options: &KnowledgeOptions) -> Result<Self, UsageError> {
        let source = RulesSource::new(options.rules.as_deref(), !options.no_builtin_rules)
            .map_err(UsageError)?;
        let rules = source.load().map_err(UsageError)?;
        let service_ports = options.svc_ports.clone().unwrap_or_default();
        Ok(Self { rules, source, service_ports })
    }
}
