//! Systems whose services are files that name a program: they need nothing of it.

use anyhow::Result;

use crate::options::{ServeOptions, ServiceAction};
use crate::usage::UsageError;

pub(super) fn run(_action: ServiceAction, _options: &ServeOptions) -> Result<()> {
    let instead =
        if cfg!(target_os = "macos") { "launchd's property list" } else { "systemd unit" };
    let message = format!(
        "service: only Windows has such services; here a {instead} that runs `procnet serve` does \
         the same: docs/GUIDE.md has one under \"As a service\""
    );
    Err(UsageError(message).into())
}
