//! What ends a console program on Windows: Ctrl-C, Ctrl-Break, closing its window, logging off and
//! shutting down. Windows ends the program by itself some seconds after it told of the last three.

use anyhow::{Context, Result};
use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close,
    ctrl_logoff, ctrl_shutdown,
};

/// The exit code of a program that a second Ctrl-C ended: `STATUS_CONTROL_C_EXIT`, as Windows has
/// it.
pub(super) const INTERRUPTED: i32 = 0xC000_013A_u32.cast_signed();

/// The console events that are listened for.
pub(super) struct Signals {
    interrupt: CtrlC,
    interrupt_hard: CtrlBreak,
    close: CtrlClose,
    log_off: CtrlLogoff,
    shut_down: CtrlShutdown,
}

impl Signals {
    /// Begins to listen; a runtime must have been entered.
    pub(super) fn listen() -> Result<Self> {
        Ok(Self {
            interrupt: ctrl_c().context("can't handle Ctrl-C")?,
            interrupt_hard: ctrl_break().context("can't handle Ctrl-Break")?,
            close: ctrl_close().context("can't handle the console's closing")?,
            log_off: ctrl_logoff().context("can't handle logging off")?,
            shut_down: ctrl_shutdown().context("can't handle shutting down")?,
        })
    }

    /// Resolves when the next one comes.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {},
            _ = self.interrupt_hard.recv() => {},
            _ = self.close.recv() => {},
            _ = self.log_off.recv() => {},
            _ = self.shut_down.recv() => {},
        }
    }
}
