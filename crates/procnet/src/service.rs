//! `procnet service`: the map as a Windows service, from the machine's start on, on loopback.

#[cfg(windows)]
#[path = "service/windows.rs"]
mod platform;
#[cfg(not(windows))]
#[path = "service/elsewhere.rs"]
mod platform;

use std::path::Path;

use anyhow::Result;

use crate::options::{ServeOptions, ServiceAction, ServiceOptions};
use crate::usage::UsageError;

pub(crate) fn run(options: &ServiceOptions) -> Result<()> {
    if options.action != ServiceAction::Uninstall {
        check(&options.serve)?;
    }
    platform::run(options.action, &options.serve)
}

/// What makes sense for whoever is at the keyboard, and none for a service.
fn check(options: &ServeOptions) -> Result<(), UsageError> {
    let refuse = |message: String| Err(UsageError(message));
    if !options.bind.is_loopback() {
        return refuse(format!(
            "--bind {}: a service serves this machine only; leave --bind out",
            options.bind
        ));
    }
    if options.open {
        return refuse("--open: a service has no screen; leave it out".to_owned());
    }
    if options.port == 0 {
        return refuse(
            "--port 0: nobody would know which port the service took; name one".to_owned(),
        );
    }
    let files = [
        ("--rules", &options.knowledge.rules),
        ("--icons-dir", &options.icons_dir),
        ("--token-file", &options.access.token_file),
        ("--tls-cert", &options.access.tls_cert),
        ("--tls-key", &options.access.tls_key),
    ];
    for (name, path) in files {
        if let Some(path) = path.as_deref().filter(|path| !is_whole(path)) {
            return refuse(format!(
                "{name} {}: a service runs in no folder of yours; give the whole path",
                path.display()
            ));
        }
    }
    Ok(())
}

/// Whether a path means the same wherever it is said.
fn is_whole(path: &Path) -> bool {
    path.is_absolute()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::options::{Command, Options};

    fn checked(line: &str) -> Result<(), String> {
        let options = Options::try_parse_from(line.split(' ')).unwrap();
        let Some(Command::Service(options)) = options.command else { panic!("{line}") };
        check(&options.serve).map_err(|error| error.to_string())
    }

    #[test]
    fn a_service_is_for_this_machine_and_has_no_screen() {
        assert_eq!(checked("procnet service install"), Ok(()));
        assert_eq!(checked("procnet service run --port 9000 --udp --bind ::1"), Ok(()));
        for (line, word) in [
            ("procnet service install --bind 0.0.0.0", "this machine only"),
            ("procnet service install --open", "no screen"),
            ("procnet service install --port 0", "name one"),
            ("procnet service install --rules my.yaml", "the whole path"),
            ("procnet service run --icons-dir icons", "the whole path"),
            ("procnet service run --token-file token", "the whole path"),
        ] {
            let refused = checked(line).unwrap_err();
            assert!(refused.contains(word), "{refused}");
        }
    }
}
