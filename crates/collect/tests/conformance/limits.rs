//! What collectors cannot tell. The end-to-end tests read this table too.

/// A way to learn what happens on a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "each system knows the others' rows of the table")]
pub(crate) enum Who {
    /// Linux' tables.
    LinuxScan,
    /// Linux' events.
    LinuxEvents,
    /// The tables of Microsoft's Windows.
    WindowsScan,
    /// The same calls, answered by Wine.
    WineScan,
    /// Whatever macOS offers.
    MacOs,
}

/// Something that a collector may not be able to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    /// Who holds an accepted connection.
    AcceptedOwner,
    /// Who holds a TCP socket of IPv6.
    Tcp6Owner,
    /// Whom a connected UDP socket talks to.
    JoinedPeer,
    /// Whom an unconnected UDP socket exchanges datagrams with.
    UdpPeers,
    /// What opened and ended between two looks.
    ShortLived,
    /// How many bytes a TCP connection carried.
    TcpBytes,
    /// Who called connect and who accept, seen and not concluded.
    SeenRole,
    /// Whether a socket of IPv6 takes IPv4 too.
    OnlyV6,
}

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Limit {
    pub(crate) truth: Truth,
    pub(crate) of: &'static [Who],
    pub(crate) why: &'static str,
}

/// All that is known to be impossible. Whatever is not here must be told.
pub(crate) const LIMITS: &[Limit] = &[
    Limit {
        truth: Truth::AcceptedOwner,
        of: &[Who::WineScan],
        why: "GetExtendedTcpTable of Wine 8 looks for owners by the inode of their sockets, and \
              finds none for what was accepted: the pid is 0",
    },
    Limit {
        truth: Truth::Tcp6Owner,
        of: &[Who::WineScan],
        why: "GetExtendedTcpTable of Wine 8 names no owner in its table of IPv6: the pid is 0",
    },
    Limit {
        truth: Truth::JoinedPeer,
        of: &[Who::WindowsScan, Who::WineScan],
        why: "the tables of GetExtendedUdpTable have no remote addresses",
    },
    Limit {
        truth: Truth::UdpPeers,
        of: &[Who::LinuxScan, Who::WindowsScan, Who::WineScan],
        why: "no table lists with whom an unconnected socket speaks: that takes events",
    },
    Limit {
        truth: Truth::ShortLived,
        of: &[Who::LinuxScan, Who::WindowsScan, Who::WineScan],
        why: "a table lists what there is when it is read: the rest takes events",
    },
    Limit {
        truth: Truth::TcpBytes,
        of: &[Who::WindowsScan, Who::WineScan],
        why: "the tables of GetExtendedTcpTable count nothing: that takes events",
    },
    Limit {
        truth: Truth::SeenRole,
        of: &[Who::LinuxScan, Who::WindowsScan, Who::WineScan],
        why: "a table does not list who called: it is concluded from who listens",
    },
    Limit {
        truth: Truth::OnlyV6,
        of: &[Who::WindowsScan, Who::WineScan],
        why: "the tables of GetExtendedTcpTable do not tell the option IPV6_V6ONLY",
    },
];

/// Where Wine keeps a program that Microsoft's Windows has not.
const ONLY_WINE_HAS: &str = r"C:\windows\system32\winecfg.exe";

impl Who {
    /// Who reads tables here.
    pub(crate) fn scanning() -> Self {
        if cfg!(windows) {
            let wine = std::path::Path::new(ONLY_WINE_HAS).exists();
            if wine { Self::WineScan } else { Self::WindowsScan }
        } else if cfg!(target_os = "macos") {
            Self::MacOs
        } else {
            Self::LinuxScan
        }
    }

    /// Whether it tells that.
    pub(crate) fn tells(self, truth: Truth) -> bool {
        !LIMITS.iter().any(|limit| limit.truth == truth && limit.of.contains(&self))
    }
}
