//! Systems whose services are files that name a program: they need nothing of it.

use anyhow::Result;

use crate::options::{ServeOptions, ServiceAction};
use crate::usage::UsageError;

pub(super) fn run(_action: ServiceAction, _options: &ServeOptions) -> Result<()> {
    let instead = match std::env::consts::OS {
        "macos" => "property list of launchd",
        _ => "unit of systemd",
    };
    let message = format!(
        "service: only Windows has such services; here a {instead} that runs `procnet serve` does \
         the same: docs/GUIDE.md has one under \"As a service\""
    );
    Err(UsageError(message).into())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::options::{Command, Options};

    #[test]
    fn it_is_told_what_takes_its_place() {
        let line = ["procnet", "service", "install"];
        let Some(Command::Service(options)) = Options::try_parse_from(line).unwrap().command else {
            panic!("service");
        };
        let error = crate::service::run(&options).unwrap_err();
        assert!(error.is::<UsageError>() && error.to_string().contains("GUIDE.md"), "{error}");
    }
}
