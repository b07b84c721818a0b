//! `procnet serve`: collector → inbox → engine → page, until somebody says stop.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use procnet_collect::CollectorKind;
use procnet_collect::confinement::{Hold, Part};
use procnet_core::engine::{Engine, EngineOptions};
use procnet_core::{Capability, CapabilityState, Interfaces};
use procnet_server::{Live, ServerOptions, ViewDefaults};
use procnet_wire::live::HostInfo;

use crate::access::Protection;
use crate::collecting::{self, Source, Sources};
use crate::inbox::{self, Inbox};
use crate::interfaces;
use crate::logging::say;
use crate::machine::{self, Knowledge, since};
use crate::names::Names;
use crate::options::ServeOptions;
use crate::rules_reader::{self, rules_counted};
use crate::stop::Stop;
use crate::usage::UsageError;

/// How often time passes for the engine where nothing happens: stale links vanish on time.
const TICK: Duration = Duration::from_millis(250);
/// How long open requests may take to end: with the rest, well below a second.
const GRACE: Duration = Duration::from_millis(700);
/// How long the source may take to end: it may hold what outlives this program otherwise, such as an
/// event tracing session.
const SOURCE_GRACE: Duration = Duration::from_millis(500);

/// Descriptors for everything but clients: files, netlink, maps and programs of the kernel, namespaces.
const OWN_DESCRIPTORS: u64 = 256;
/// Clients that there is always room for.
const LEAST_CONNECTIONS: u64 = 64;

/// Serves this machine until a signal comes.
pub(crate) fn run(options: &ServeOptions) -> Result<()> {
    let stop = Stop::default();
    run_until(options, &stop, || stop.on_signals())
}

/// Serves this machine until it is told to stop. `ready` is called when everything that can be wrong
/// with the options has been found out.
pub(crate) fn run_until(
    options: &ServeOptions,
    stop: &Stop,
    ready: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let prepared = Prepared::new(options)?;
    let mut collect = options.collecting.collect();
    let masking = prepared.knowledge.rules.masking().clone();
    collect.scan.masking = masking.revealing(options.show_secrets);
    let asked = collect.kind;
    let collector = machine::collector(collect.clone())?;
    if let Some(reason) = machine::fallback(&collector, asked) {
        tracing::info!("{reason}");
    }
    tell_limits(collector.capabilities());
    let host = machine::host();
    prepared.open_page();
    machine::relinquish(collector.kind())?;
    ready()?;
    // What is given up by then may be what events take: a map by scanning is better than none.
    if collect.kind == CollectorKind::Events {
        collect.kind = CollectorKind::Auto;
    }
    let again =
        move || -> Result<Box<dyn Source>> { Ok(Box::new(machine::collector(collect.clone())?)) };
    let sources = Sources { first: Box::new(collector), again: Box::new(again) };
    prepared.serve_until(host, sources, stop.clone())
}

/// Everything that can be wrong with the options has been found out.
pub(crate) struct Prepared<'a> {
    options: &'a ServeOptions,
    knowledge: Knowledge,
    interfaces: Box<interfaces::List>,
    listener: TcpListener,
    protection: Protection,
}

impl<'a> Prepared<'a> {
    /// Reads the files and opens the port that the options name.
    pub(crate) fn new(options: &'a ServeOptions) -> Result<Self, UsageError> {
        let knowledge = Knowledge::load(&options.knowledge)?;
        if let Some(file) = knowledge.source.file() {
            tracing::info!("{} from {}", rules_counted(knowledge.rules.len()), file.display());
        }
        if let Some(folder) = &options.icons_dir
            && !folder.is_dir()
        {
            let message = format!("--icons-dir {}: there is no such folder", folder.display());
            return Err(UsageError(message));
        }
        let protection = Protection::new(options)?;
        let listener = listen(SocketAddr::new(options.bind, options.port))?;
        let interfaces = Box::new(procnet_collect::local_interfaces);
        Ok(Self { options, knowledge, interfaces, listener, protection })
    }

    /// Opens the page in the browser, if that is wanted. The port is open already: the browser
    /// waits for the answer. Later, this program could start none that may do more than itself.
    pub(crate) fn open_page(&self) {
        if !self.options.open {
            return;
        }
        let Ok(address) = self.listener.local_addr() else { return };
        let url = page_url(self.protection.scheme(), address);
        if let Err(error) = opener::open_browser(&url) {
            tracing::warn!("can't open a browser: {error}; open {url} yourself");
        }
    }

    /// Serves what `sources` tell of a simulated machine, until a signal comes.
    pub(crate) fn serve(
        mut self,
        host: HostInfo,
        interfaces: Interfaces,
        sources: Sources,
    ) -> Result<()> {
        // The addresses of a simulated machine are nobody's.
        self.knowledge.names = Names::none();
        self.interfaces = Box::new(move || Ok(Some(interfaces.clone())));
        let stop = Stop::default();
        stop.on_signals()?;
        self.serve_until(host, sources, stop)
    }

    fn serve_until(self, host: HostInfo, sources: Sources, stop: Stop) -> Result<()> {
        let Self { options, knowledge, interfaces, listener, protection } = self;
        let engine = Engine::new(EngineOptions {
            rules: Arc::clone(&knowledge.rules),
            service_ports: knowledge.service_ports.clone(),
            ..EngineOptions::default()
        });
        let defaults = ViewDefaults {
            p2p_only: options.p2p_only,
            udp: options.udp,
            unix: options.unix,
            grouping: options.group_by,
        };
        let live = Live::new(engine, host, defaults);
        ask_for_names(&knowledge.names, &live, &stop)?;
        interfaces::watch(interfaces, &live, &stop)?;
        let inbox = Arc::new(Inbox::new(inbox::CAPACITY));
        let part = Part::Serving(options.icons_dir.as_deref().map(Arc::from));
        drive(part.clone(), Arc::clone(&live), Arc::clone(&inbox), stop.clone())?;
        let collecting = collecting::start(sources, Arc::clone(&live), inbox, stop.clone())?;
        let reload_rules = rules_reader::start(&knowledge, &live, &stop)?;

        let address = listener.local_addr().context("can't ask for the own address")?;
        let url = page_url(protection.scheme(), address);
        let behind_proxy = options.access.behind_proxy.iter();
        let server = ServerOptions {
            icons_dir: options.icons_dir.clone(),
            reload_rules,
            allowed_hosts: options.allow_host.iter().chain(behind_proxy).cloned().collect(),
            access: protection.access.clone(),
            tls: protection.tls.clone(),
            give_back: Some(procnet_collect::give_back_memory),
            connections: connections(procnet_collect::raise_descriptor_limit()),
        };
        // From here on this thread, and those for HTTP that it starts, do nothing but answer.
        confine_server(&part, &live);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            // They make scenes and read icons: more at once would only wait for one another.
            .max_blocking_threads(8)
            .thread_name("procnet-http")
            .enable_all()
            .build()
            .context("can't start the HTTP threads")?;
        // For people and for scripts that wait for it: it comes whatever --log says.
        say(format_args!("serving {url}"));
        protection.tell(&url);
        let served = runtime.block_on(async {
            let serving = procnet_server::serve(listener, live, server, stop.told());
            let out_of_time = async {
                stop.told().await;
                tokio::time::sleep(GRACE).await;
            };
            tokio::select! {
                served = serving => served,
                () = out_of_time => Ok(()),
            }
        });
        stop.stop();
        runtime.shutdown_background();
        // Nothing is ever sent: it is over when the sender is gone.
        let _ = collecting.recv_timeout(SOURCE_GRACE);
        served.context("serving ended")?;
        tracing::info!("ended");
        Ok(())
    }
}

/// How many clients there are descriptors for, if they are few.
fn connections(descriptors: Option<u64>) -> Option<usize> {
    let left = descriptors?.saturating_sub(OWN_DESCRIPTORS).max(LEAST_CONNECTIONS);
    Some(usize::try_from(left).unwrap_or(usize::MAX))
}

fn listen(address: SocketAddr) -> Result<TcpListener, UsageError> {
    TcpListener::bind(address).map_err(|error| {
        let (ip, port) = (address.ip(), address.port());
        UsageError(match error.kind() {
            ErrorKind::AddrInUse => format!(
                "port {port} on {ip} is in use: choose another with --port, or any free one with \
                 --port 0"
            ),
            // Windows keeps ranges of ports for itself and for virtual machines.
            ErrorKind::PermissionDenied if port >= 1024 => format!(
                "port {port} is reserved: choose another with --port, or any free one with --port 0"
            ),
            ErrorKind::PermissionDenied => format!(
                "port {port} may not be opened: choose one from 1024 on with --port, such as 8765"
            ),
            ErrorKind::AddrNotAvailable => {
                format!("--bind {ip} is no address of this machine: see `ip address`")
            }
            _ => format!("can't listen on {address}: {error}"),
        })
    })
}

/// The address for a browser on this machine.
fn page_url(scheme: &str, address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        ip => ip,
    };
    format!("{scheme}://{}/", SocketAddr::new(ip, address.port()))
}

/// What cannot be seen. What somebody can change is worth a line; the rest is on the page and in
/// `procnet doctor`.
fn tell_limits(capabilities: &[Capability]) {
    let (changeable, fixed): (Vec<&Capability>, Vec<&Capability>) = capabilities
        .iter()
        .filter(|capability| capability.state != CapabilityState::Full)
        .partition(|capability| capability.remedy.is_some());
    for line in changeable_limits(&changeable) {
        tracing::info!("{line}");
    }
    for Capability { title, state, reason, .. } in fixed {
        tracing::debug!("{title}: {}: {reason}", state.as_str());
    }
}

/// A line for each remedy: one command often grants several things.
fn changeable_limits(capabilities: &[&Capability]) -> Vec<String> {
    let mut remedies: Vec<&str> = Vec::new();
    for remedy in capabilities.iter().filter_map(|capability| capability.remedy.as_deref()) {
        if !remedies.contains(&remedy) {
            remedies.push(remedy);
        }
    }
    let line = |remedy: &str| {
        let of_it = capabilities.iter().filter(|c| c.remedy.as_deref() == Some(remedy));
        let titles: Vec<String> = of_it.map(|c| format!("\"{}\"", c.title)).collect();
        format!(
            "not wholly visible: {}; for more: {remedy} (`procnet doctor` says why)",
            titles.join(", ")
        )
    };
    remedies.into_iter().map(line).collect()
}

/// The engine's thread: what comes through the inbox goes into the graph.
fn drive(part: Part, live: Arc<Live>, inbox: Arc<Inbox>, stop: Stop) -> Result<()> {
    spawn("procnet-engine", part, move || {
        let began = Instant::now();
        let mut ticked = Instant::now();
        while !stop.is_stopped() {
            let batches = inbox.pop(TICK);
            if !batches.is_empty() {
                live.ingest(batches, since(began));
            }
            if ticked.elapsed() >= TICK {
                live.tick(since(began));
                ticked = Instant::now();
            }
        }
    })
}

/// The threads that ask about remote addresses: they hear of those that come onto the map, and what
/// they learn goes into the graph when it is there.
fn ask_for_names(names: &Names, live: &Arc<Live>, stop: &Stop) -> Result<()> {
    live.add_capability(names.capability());
    let learning = Arc::clone(live);
    let tell = Arc::new(move |known: Vec<_>| learning.know_addresses(known));
    if let Some(hear) = names.clone().start(tell, stop)? {
        live.on_remotes(move |addresses| hear(addresses));
    }
    Ok(())
}

/// Confines the calling thread to answering requests, and says how far that goes.
fn confine_server(part: &Part, live: &Live) {
    let confinement = procnet_collect::confine(part);
    for hold in [Some(&confinement.calls), confinement.files.as_ref()].into_iter().flatten() {
        if let Hold::Partly(why) | Hold::Not(why) = hold {
            tracing::debug!("not wholly confined: {why}");
        }
    }
    confinement.capabilities().into_iter().for_each(|capability| live.add_capability(capability));
}

/// Starts a thread that is confined to its part before it does anything.
pub(crate) fn spawn(
    name: &'static str,
    part: Part,
    work: impl FnOnce() + Send + 'static,
) -> Result<()> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let confinement = procnet_collect::confine(&part);
            if !confinement.is_whole() {
                tracing::debug!("{name} is not wholly confined: {confinement:?}");
            }
            work();
        })
        .map(drop)
        .with_context(|| format!("can't start the thread {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_told_with_a_way_out() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let error = listen(taken.local_addr().unwrap()).unwrap_err().to_string();
        assert!(error.contains("in use") && error.contains("--port 0"), "{error}");
    }

    #[test]
    fn a_foreign_address_is_told() {
        // TEST-NET-1 (RFC 5737) is nobody's.
        let error = listen("192.0.2.1:0".parse().unwrap()).unwrap_err().to_string();
        assert!(error.contains("no address of this machine"), "{error}");
    }

    #[test]
    fn what_one_command_grants_is_one_line() {
        let capability = |title, remedy: Option<&str>| Capability {
            id: "x",
            title,
            state: CapabilityState::Partial,
            reason: Arc::from("reason"),
            remedy: remedy.map(Arc::from),
        };
        let all = [
            capability("Owners", Some("sudo a")),
            capability("Peers", None),
            capability("Namespaces", Some("sudo a")),
            capability("Traffic", Some("sudo b")),
        ];
        let lines = changeable_limits(&all.each_ref());
        let [first, second] = lines.as_slice() else { panic!("{lines:?}") };
        assert!(first.contains("\"Owners\", \"Namespaces\"; for more: sudo a "), "{first}");
        assert!(second.contains("\"Traffic\"; for more: sudo b "), "{second}");
    }

    #[test]
    fn the_page_is_at_an_address_that_a_browser_can_open() {
        assert_eq!(page_url("https", "0.0.0.0:80".parse().unwrap()), "https://127.0.0.1:80/");
        assert_eq!(page_url("http", "[::]:8765".parse().unwrap()), "http://[::1]:8765/");
        assert_eq!(page_url("http", "127.0.0.1:1".parse().unwrap()), "http://127.0.0.1:1/");
    }
}
