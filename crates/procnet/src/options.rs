//! The one table of options: parsing, help, man page, completions and the guide derive from it.

mod access;
mod values;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use procnet_collect::{CollectOptions, CollectorKind};
use procnet_core::registry::ServicePorts;
use procnet_core::view::Grouping;
use procnet_wire::export::ExportFormat;

pub(crate) use self::access::{AccessOptions, TokenOptions};
use self::values::{
    address, format_parser, grouping_parser, host_name, interval, port, seed, service_ports,
    simulated_sockets,
};
use crate::logging;

const EXAMPLES: &str = "\
Examples:
  procnet                                 the live map of this machine on http://127.0.0.1:8765/
  procnet --open --udp                    with UDP, and open it in the browser
  procnet --rules my-rules.yaml           with types and labels of your own
  procnet --p2p-only --group-by family    only local connections, one node per program
  sudo procnet                            everybody's processes and every network namespace
  procnet ls port:5432                    who talks to PostgreSQL
  procnet ls user:www-data --json         for scripts
  procnet ls --watch                      connections as they come and go
  procnet export -o map.graphml           the map as a file for other programs
  procnet demo --size large               the map of a large simulated machine
  procnet token                           the address that lets in whoever opens it
  procnet doctor                          what can be seen here, and how to see more";

/// A live map of the processes of this machine and their TCP and UDP connections.
///
/// Without a command it serves the map as a web page, as `procnet serve` does. Everything stays
/// on this machine: nothing is ever fetched or sent.
#[derive(Debug, Parser)]
#[command(
    name = "procnet",
    version,
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(crate) struct Options {
    /// What to do; without it, `serve`.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// The options of `serve`.
    #[command(flatten)]
    pub(crate) serve: ServeOptions,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the live map as a web page (the default)
    Serve(ServeOptions),
    /// List sockets, their owners and directions in the terminal
    #[command(after_help = "\
Examples:
  procnet ls                          every socket that can be seen
  procnet ls state:listen             who waits for peers
  procnet ls 'proc~/node/ bytes>1M'   busy sockets of a program
  procnet ls remote:10.0.0.0/8 --csv  for a spreadsheet
  procnet ls --watch --json           one JSON object per line, for jq

Meaning of the JSON fields: protocol (tcp, udp, unix), state, local and remote {ip, port}, direction
(outbound, inbound, listen, unknown), owners [{pid, name, exe, user, started}], attribution (how
sure the owner is), rx_bytes, tx_bytes, rx_packets, tx_packets, rtt_us and retransmits (0 if not
known), netns, cookie.")]
    Ls(ListOptions),
    /// Write the map of this machine down as a file for other programs
    #[command(after_help = "\
Examples:
  procnet export -o map.graphml                    for Gephi, yEd or NetworkX
  procnet export --format dot | dot -Tsvg > map.svg
  procnet export --format mermaid 'proc:nginx'     for a page of Markdown
  procnet export --group-by container -o map.csv   for a spreadsheet
  procnet export --unix | jq '.edges[] | select(.class == \"db\")'

In CSV a field that a spreadsheet would take for a formula has an apostrophe in front: what begins
with =, +, -, @, a tab or a line end, also after apostrophes or blanks. Take one apostrophe away to
have the text again.")]
    Export(ExportOptions),
    /// Serve the map of a simulated machine
    Demo(DemoOptions),
    /// Tell what can be seen on this machine, what cannot and how to change that
    Doctor(DoctorOptions),
    /// Install, take away or be the Windows service that serves the map
    #[command(after_help = "\
Examples:
  procnet service install --udp       in an administrator's console: from now on, and from each start
                                      of the machine on, http://127.0.0.1:8765/ is there
  procnet service uninstall           stops it and takes it away

On Linux a systemd unit does the same, on a Mac a launchd property list: docs/GUIDE.md has both.")]
    Service(ServiceOptions),
    /// Print the address that opens the page for whoever has it
    #[command(after_help = "\
Examples:
  procnet token                                    for a page on this machine
  procnet token --address https://box:8765/        for one that is served by TLS
  curl -H \"Authorization: Bearer $(procnet token --bare)\" http://127.0.0.1:8765/api/graph

The token is in a file that only its owner may read: run this as the user who runs procnet. To have
another token, delete the file and start procnet again.")]
    Token(TokenOptions),
    /// Print a completion script for a shell
    #[command(after_help = "\
Examples:
  procnet completions bash > ~/.local/share/bash-completion/completions/procnet
  procnet completions fish > ~/.config/fish/completions/procnet.fish
  procnet completions zsh > ~/.zfunc/_procnet")]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the man page
    #[command(after_help = "\
Examples:
  procnet man > ~/.local/share/man/man1/procnet.1
  procnet man | man -l -")]
    Man,
    /// Print the licences of procnet and of every library inside it
    Licences,
    /// Print all options as Markdown
    #[command(hide = true)]
    Options,
}

/// What gives processes their types and labels, and connections their direction.
#[derive(Clone, Debug, Args)]
pub(crate) struct KnowledgeOptions {
    /// A YAML or JSON file that gives processes types and labels
    ///
    /// A relative path is looked for in the working directory, then beside the program. While the
    /// map is served the file is watched: an edit shows by itself, and a broken edit leaves the
    /// rules in force.
    #[arg(long, value_name = "FILE", help_heading = "Types and direction")]
    pub(crate) rules: Option<PathBuf>,
    /// Don't recognise well-known programs by the built-in rules
    #[arg(long, help_heading = "Types and direction")]
    pub(crate) no_builtin_rules: bool,
    /// More service ports, such as 9000,9090
    ///
    /// Where nothing better tells who is the server of a connection, the end with a service port
    /// is.
    #[arg(
        long,
        value_name = "CSV",
        allow_negative_numbers = true,
        value_parser = service_ports,
        help_heading = "Types and direction"
    )]
    pub(crate) svc_ports: Option<ServicePorts>,
    /// Don't ask what remote addresses are called
    ///
    /// Without this the machine's own resolver is asked (/etc/hosts, DNS, whatever it is set up
    /// with) for the names of addresses on the map, at most 20 times a second. A name that a process
    /// asked for itself comes first.
    #[arg(long, help_heading = "Names of remotes")]
    pub(crate) no_dns: bool,
    /// An MMDB file with countries or networks (AS numbers) of addresses (repeatable)
    ///
    /// Such as GeoLite2-Country.mmdb and GeoLite2-ASN.mmdb. It is read once, into memory.
    #[arg(long, value_name = "FILE", help_heading = "Names of remotes")]
    pub(crate) geoip: Vec<PathBuf>,
}

/// How it is learned what happens on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CollectorChoice {
    /// Events where the kernel tells them, else scanning
    Auto,
    /// Events (from programs in Linux's kernel, from ETW on Windows), or an error that says what is
    /// missing
    #[value(aliases = ["etw", "events"])]
    Bpf,
    /// Only reading tables, at the interval
    Scan,
}

impl CollectorChoice {
    /// For whoever goes on looking.
    pub(crate) const fn kind(self) -> CollectorKind {
        match self {
            Self::Auto => CollectorKind::Auto,
            Self::Bpf => CollectorKind::Events,
            Self::Scan => CollectorKind::Scan,
        }
    }
}

/// Events or scanning.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct CollectorOptions {
    /// How to learn what happens
    ///
    /// Events show a connection at once, however short its life. Linux tells them to root, and to
    /// whoever has cap_bpf and cap_perfmon; Windows to administrators and Performance Log Users.
    /// `procnet doctor` says what is told here. On Windows, etw is another word for bpf.
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        default_value = "auto",
        help_heading = "Collecting"
    )]
    pub(crate) collector: CollectorChoice,
}

/// How, and how often, it is learned what happens on this machine.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct CollectingOptions {
    /// The kind.
    #[command(flatten)]
    pub(crate) kind: CollectorOptions,
    /// Seconds between two looks at all sockets, 0.1 to 3600
    ///
    /// Scanning sees nothing in between. Where the kernel tells of events and lists its sockets,
    /// they show at once and bytes follow several times a second, whatever the interval.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "1.0",
        allow_negative_numbers = true,
        value_parser = interval,
        help_heading = "Collecting"
    )]
    pub(crate) interval: Duration,
}

impl CollectingOptions {
    /// What the collector is asked to do.
    pub(crate) fn collect(&self) -> CollectOptions {
        CollectOptions {
            kind: self.kind.collector.kind(),
            interval: self.interval,
            ..CollectOptions::default()
        }
    }
}

/// How much is told on stderr.
#[derive(Clone, Debug, Args)]
pub(crate) struct LogOptions {
    /// What to tell on stderr: error, warn, info, debug, trace, or a filter such as
    /// info,procnet_collect=debug
    #[arg(
        long,
        value_name = "LEVEL",
        value_parser = logging::checked,
        default_value = "info",
        help_heading = "Messages"
    )]
    pub(crate) log: String,
}

/// How the page is served and what it shows at first.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServeOptions {
    /// The TCP port of the page; 0 for any free one
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 8765,
        allow_negative_numbers = true,
        value_parser = port,
        help_heading = "Serving"
    )]
    pub(crate) port: u16,
    /// The address to listen on
    ///
    /// At any address but a loopback one the page is served by TLS only (--tls-cert and --tls-key, or
    /// --tls-self-signed), and everybody needs the token.
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST),
        value_parser = address,
        help_heading = "Serving"
    )]
    pub(crate) bind: IpAddr,
    /// A host name under which the page may be asked for, beside localhost (repeatable)
    ///
    /// Requests for other names are refused, so that no web site can read the page through a name
    /// that it points at this machine (DNS rebinding).
    #[arg(long, value_name = "NAME", value_parser = host_name, help_heading = "Serving")]
    pub(crate) allow_host: Vec<String>,
    /// Open the page in the browser
    #[arg(long, help_heading = "Serving")]
    pub(crate) open: bool,
    /// Who may ask.
    #[command(flatten)]
    pub(crate) access: AccessOptions,
    /// Events or scanning.
    #[command(flatten)]
    pub(crate) collecting: CollectingOptions,
    /// How processes are grouped at first
    ///
    /// `auto` begins with process trees, a server and its workers as one, and gets coarser where
    /// that would show too much to be legible. Each group can be expanded on the page.
    #[arg(
        long,
        value_name = "GROUPING",
        default_value = "auto",
        value_parser = grouping_parser(),
        help_heading = "Map"
    )]
    pub(crate) group_by: Grouping,
    /// Show only connections between processes: no remote endpoints, no idle listeners
    #[arg(long, help_heading = "Map")]
    pub(crate) p2p_only: bool,
    /// Show UDP too, not only TCP
    #[arg(long, help_heading = "Map")]
    pub(crate) udp: bool,
    /// Show UNIX domain sockets too, such as those of PostgreSQL, Docker and D-Bus
    ///
    /// The page's toggle does the same. They are read only while somebody looks at them, or always
    /// with this option.
    #[arg(long, help_heading = "Map")]
    pub(crate) unix: bool,
    /// A folder with icons of your own
    ///
    /// app.png, service.png, database.png, mq.png, cache.png, lb.png, external.png,
    /// qt_desktop.png; a type without a file takes service.png, and without that the built-in
    /// icon.
    #[arg(long, value_name = "DIR", help_heading = "Map")]
    pub(crate) icons_dir: Option<PathBuf>,
    /// Show secrets in command lines to whoever may see the page
    ///
    /// Passwords, tokens, and whatever else looks like a secret are hidden before anything keeps
    /// them. With this option the details of a process have the command line as it is too.
    #[arg(long, help_heading = "Collecting")]
    pub(crate) show_secrets: bool,
    /// Rules and ports.
    #[command(flatten)]
    pub(crate) knowledge: KnowledgeOptions,
    /// Messages.
    #[command(flatten)]
    pub(crate) log: LogOptions,
}

/// What is listed, and how.
#[derive(Clone, Debug, Args)]
pub(crate) struct ListOptions {
    /// Which sockets, as in the page's filter: such as `port:5432 user:www-data`
    ///
    /// The man page lists all fields, under FILTERS: `procnet man | man -l -` shows it.
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Vec<String>,
    /// List UNIX domain sockets too: a path stands in the place of an address
    #[arg(long)]
    pub(crate) unix: bool,
    /// Print JSON: one array of objects (with --watch: one object per line)
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Print comma-separated values with a header line
    #[arg(long)]
    pub(crate) csv: bool,
    /// Keep watching: first what is there, then what opens (+), changes (~) and closes (-)
    #[arg(long)]
    pub(crate) watch: bool,
    /// Events or scanning.
    #[command(flatten)]
    pub(crate) collecting: CollectingOptions,
    /// Rules and ports.
    #[command(flatten)]
    pub(crate) knowledge: KnowledgeOptions,
    /// Messages.
    #[command(flatten)]
    pub(crate) log: LogOptions,
}

/// What is written down, and how.
#[derive(Clone, Debug, Args)]
pub(crate) struct ExportOptions {
    /// Only connections that fit, as in the page's filter: such as `proc:nginx`
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Vec<String>,
    /// The format; without it what the name of the file says, else json
    #[arg(long, value_name = "FORMAT", value_parser = format_parser())]
    pub(crate) format: Option<ExportFormat>,
    /// The file; without it stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// How processes are grouped
    #[arg(
        long,
        value_name = "GROUPING",
        default_value = "auto",
        value_parser = grouping_parser(),
        help_heading = "Map"
    )]
    pub(crate) group_by: Grouping,
    /// Only connections between processes: no remote endpoints, no idle listeners
    #[arg(long, help_heading = "Map")]
    pub(crate) p2p_only: bool,
    /// UDP too, not only TCP
    #[arg(long, help_heading = "Map")]
    pub(crate) udp: bool,
    /// UNIX domain sockets too
    #[arg(long, help_heading = "Map")]
    pub(crate) unix: bool,
    /// Events or scanning.
    #[command(flatten)]
    pub(crate) collecting: CollectingOptions,
    /// Rules and ports.
    #[command(flatten)]
    pub(crate) knowledge: KnowledgeOptions,
    /// Messages.
    #[command(flatten)]
    pub(crate) log: LogOptions,
}

/// How large the simulated machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Size {
    /// A desk machine
    Small,
    /// A small server
    Medium,
    /// A busy server
    Large,
    /// More than anybody wants to see at once
    Huge,
}

/// Which machine is simulated.
#[derive(Clone, Debug, Args)]
pub(crate) struct DemoOptions {
    /// How much goes on
    #[arg(long, value_enum, default_value = "medium", help_heading = "Simulation")]
    pub(crate) size: Size,
    /// About so many sockets, instead of a size
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        conflicts_with = "size",
        value_parser = simulated_sockets,
        help_heading = "Simulation"
    )]
    pub(crate) sockets: Option<usize>,
    /// The same number gives the same machine
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        allow_negative_numbers = true,
        value_parser = seed,
        help_heading = "Simulation"
    )]
    pub(crate) seed: u64,
    /// The page.
    #[command(flatten)]
    pub(crate) serve: ServeOptions,
}

/// What to do with the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServiceAction {
    /// Install it with these options, or give them to the one that is installed; and start it
    Install,
    /// Stop it and take it away
    Uninstall,
    /// Be it: for the service manager
    Run,
}

/// The service, and how it serves.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServiceOptions {
    /// What to do with it
    #[arg(value_enum)]
    pub(crate) action: ServiceAction,
    /// The page.
    #[command(flatten)]
    pub(crate) serve: ServeOptions,
}

/// How the findings are told.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct DoctorOptions {
    /// Events or scanning.
    #[command(flatten)]
    pub(crate) kind: CollectorOptions,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// A parsing error as one line: what is wrong, what was expected, where to read on.
///
/// `first` is the first argument: a command, perhaps, with options of its own.
pub(crate) fn one_line(error: &clap::Error, first: Option<&str>) -> String {
    let rendered = error.to_string();
    let told: Vec<&str> = rendered
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .filter(|line| !line.is_empty())
        .collect();
    // A list of what is missing follows a colon.
    let told = told.join("; ").replace(":; ", ": ");
    let told = told.strip_prefix("error: ").unwrap_or(&told);
    let command = Options::command();
    let named = first.and_then(|first| command.find_subcommand(first));
    let help = named.map_or_else(String::new, |named| format!("{} ", named.get_name()));
    format!("{told}; `procnet {help}--help` lists all options")
}

#[cfg(test)]
mod tests;
