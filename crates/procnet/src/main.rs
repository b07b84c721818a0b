//! Procnet Live: a live map of the processes of a machine and their TCP and UDP connections.

mod access;
mod collecting;
mod demo;
mod doctor;
mod export;
mod generated;
mod inbox;
mod interfaces;
mod ladder;
mod logging;
mod ls;
mod machine;
mod man;
mod names;
mod options;
mod private;
mod rules_file;
mod rules_reader;
mod serve;
mod service;
mod stop;
mod token;
mod usage;
mod words;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::options::{Command, Options};
use crate::usage::UsageError;

/// The exit code for what the person at the keyboard can put right.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) if error.use_stderr() => {
            // Not `args`, which panics at what is no UTF-8.
            let first = std::env::args_os().nth(1);
            let first = first.as_deref().and_then(|first| first.to_str());
            logging::say(options::one_line(&error, first));
            return ExitCode::from(USAGE);
        }
        Err(help) => {
            // Nobody reads it any more: that is all right.
            let _ = help.print();
            return ExitCode::SUCCESS;
        }
    };
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            logging::say(format_args!("{error:#}"));
            if error.is::<UsageError>() { ExitCode::from(USAGE) } else { ExitCode::FAILURE }
        }
    }
}

fn run(options: Options) -> Result<()> {
    match options.command.unwrap_or(Command::Serve(options.serve)) {
        Command::Serve(options) => {
            logging::start(&options.log.log)?;
            serve::run(&options)
        }
        Command::Ls(options) => {
            logging::start(&options.log.log)?;
            ls::run(&options)
        }
        Command::Export(options) => {
            logging::start(&options.log.log)?;
            export::run(&options)
        }
        Command::Demo(options) => {
            logging::start(&options.serve.log.log)?;
            demo::run(&options)
        }
        Command::Doctor(options) => doctor::run(options),
        Command::Service(options) => service::run(&options),
        Command::Token(options) => token::run(&options),
        Command::Completions { shell } => generated::completions(shell),
        Command::Man => generated::man(),
        Command::Licences => generated::licences(),
        Command::Options => generated::markdown(),
    }
}
