//! A label that tells processes apart: `python app.py` instead of six times `python`.
//!
//! Where the name of a process is that of an interpreter or launcher, the label adds what it
//! runs. Which options of a launcher take a value is a table, so that `java -cp x.jar shop.Main`
//! is not taken for a program called `x.jar`.

mod launchers;

use std::sync::Arc;

use crate::process::Process;

use launchers::{Kind, LAUNCHERS, Launcher};

/// Most characters of a label; a longer one ends in `…`.
pub const MAX_LABEL: usize = 64;

/// Subcommands that are applied to something that tells more than they do.
const RUNNERS: &[&str] = &["run", "run-script", "exec", "x", "dlx", "tool", "task", "serve"];

/// Names that a runtime gives to its main thread: the program is then told by its path.
const THREAD_NAMES: &[&str] = &["MainThread", "node-MainThread", "main"];

/// Files that are called so in every project: the project's directory is named too.
const GENERIC_FILES: &[&str] = &[
    "__main__.py",
    "__init__.py",
    "manage.py",
    "index.js",
    "index.mjs",
    "index.cjs",
    "index.ts",
    "main.js",
    "main.mjs",
    "main.cjs",
    "main.ts",
    "cli.js",
];

/// Directories that are called so in every project.
const GENERIC_DIRECTORIES: &[&str] =
    &["dist", "build", "out", "src", "lib", "bin", "scripts", "public", ".", "..", "", "~"];

/// Class names that say nothing without their package.
const GENERIC_CLASSES: &[&str] =
    &["Main", "App", "Application", "Bootstrap", "Launcher", "Server", "Start", "Starter"];

/// How deep a launcher may start another one (`uv run python -m gunicorn app:app`).
const MAX_NESTING: usize = 4;

/// The name of the process where it says enough; else the name and what it runs. At most
/// [`MAX_LABEL`] characters.
///
/// ```text
/// python3.11 /srv/app.py --port 8000      python app.py
/// python -m http.server                   python http.server
/// java -Xmx1g -cp a.jar com.shop.Billing  java Billing
/// python3 /usr/bin/gunicorn shop:app      gunicorn shop:app
/// postgres: alice shop 127.0.0.1 idle     postgres
/// ```
pub fn distinguishing_label(process: &Process) -> Arc<str> {
    let name = title_program(&process.name);
    let generic = name.is_empty() || THREAD_NAMES.contains(&name);
    let program = if generic {
        let path = process.exe.as_deref().or(process.arguments.first().map(|a| &**a));
        path.map_or(name, |path| title_program(file_name(path)))
    } else {
        name
    };
    if program.is_empty() {
        return Arc::from(format!("pid {}", process.key.pid));
    }
    if let Some(whose) = relayed(program) {
        return Arc::from(bounded(&format!("{program} (relay of {whose})")));
    }
    let Some(launcher) = launcher_named(program) else {
        return if program.len() == process.name.len() && !generic {
            bounded_shared(&process.name)
        } else {
            Arc::from(bounded(program))
        };
    };
    let arguments: Vec<&str> = match &*process.arguments {
        // A program that writes its own title leaves one string with spaces in it.
        [title] if launcher_in_title(title, launcher) => title.split_whitespace().collect(),
        arguments => arguments.iter().map(|a| &**a).collect(),
    };
    // A script started by its first line (`#!`) is its interpreter's argument.
    let start = arguments
        .iter()
        .position(|a| launcher_named(file_name(a)).is_some_and(|l| std::ptr::eq(l, launcher)))
        .unwrap_or(0);
    let rest = arguments.get(start + 1..).unwrap_or_default();
    Arc::from(bounded(&describe(launcher, program, rest, 0)))
}

/// Programs that hand on what others say and are asked: what they connect to, or listen for, is not
/// theirs. Lower case, without `.exe`.
const RELAYS: &[(&str, &str)] = &[
    ("wslrelay", "WSL"),
    ("com.docker.backend", "Docker Desktop"),
    ("com.docker.vpnkit", "Docker Desktop"),
    ("vpnkit", "Docker Desktop"),
    ("vpnkit-bridge", "Docker Desktop"),
    ("gvproxy", "Podman"),
    ("win-sshproxy", "Podman"),
];

/// Whose connections the program relays, if it is a relay.
fn relayed(program: &str) -> Option<&'static str> {
    let name = without_decoration(program);
    RELAYS.iter().find(|(relay, _)| relay.eq_ignore_ascii_case(name)).map(|(_, whose)| *whose)
}

/// The name that joins all of a program: an interpreter's without its version.
pub(crate) fn canonical_program(program: &str) -> String {
    launcher_named(program)
        .map_or_else(|| program.to_owned(), |launcher| shown_name(launcher, program))
}

/// The program that a process is by its name: without the rest of a title, and without `.exe`.
pub(crate) fn program_name(process: &Process) -> &str {
    without_decoration(title_program(&process.name))
}

/// `nginx` of `nginx: worker process`, `postgres` of `postgres: alice shop [local] idle`.
fn title_program(name: &str) -> &str {
    let name = name.trim();
    name.split_once(": ").map_or(name, |(program, _)| program).trim_end_matches(':')
}

fn launcher_in_title(title: &str, launcher: &Launcher) -> bool {
    title
        .split_whitespace()
        .next()
        .and_then(|word| launcher_named(file_name(title_program(word))))
        .is_some_and(|found| std::ptr::eq(found, launcher) && title.contains(' '))
}

/// The name to show: the canonical one of an interpreter, without version or `.exe`.
fn describe(launcher: &Launcher, program: &str, arguments: &[&str], nesting: usize) -> String {
    let shown = shown_name(launcher, program);
    match launcher.kind {
        Kind::Application(options) => match application(options, arguments) {
            Some(application) => format!("{shown} {application}"),
            None => shown,
        },
        Kind::Script | Kind::Java | Kind::Command => match subject(launcher, arguments) {
            Subject::Nothing => shown,
            Subject::Code(option) => format!("{shown} {option}"),
            Subject::Module(module, rest) => {
                let module = module.rsplit_once('/').map_or(module, |(_, class)| class);
                if launcher.kind == Kind::Java {
                    return format!("{shown} {}", class_name(module));
                }
                started(module, rest, nesting).unwrap_or_else(|| format!("{shown} {module}"))
            }
            Subject::Positional(what, rest) => match launcher.kind {
                Kind::Java if what.ends_with(".jar") || what.ends_with(".java") => {
                    format!("{shown} {}", file_name(what))
                }
                Kind::Java => format!("{shown} {}", class_name(what)),
                Kind::Command => command(launcher, &shown, what, rest),
                _ => started(what, rest, nesting)
                    .unwrap_or_else(|| format!("{shown} {}", script_name(what))),
            },
        },
    }
}

/// The label of the launcher that `program` names, if it names one that is no plain interpreter.
fn started(program: &str, arguments: &[&str], nesting: usize) -> Option<String> {
    let file = file_name(program);
    let launcher = launcher_named(file)?;
    (nesting < MAX_NESTING).then(|| describe(launcher, file, arguments, nesting + 1))
}

enum Subject<'a> {
    Nothing,
    Code(&'static str),
    Module(&'a str, &'a [&'a str]),
    Positional(&'a str, &'a [&'a str]),
}

/// The first argument that is no option and no option's value.
fn subject<'a>(launcher: &Launcher, arguments: &'a [&'a str]) -> Subject<'a> {
    let mut rest = arguments;
    while let Some((&argument, tail)) = rest.split_first() {
        rest = tail;
        if argument == "--" {
            return match tail.split_first() {
                Some((&what, tail)) => Subject::Positional(what, tail),
                None => Subject::Nothing,
            };
        }
        if argument.is_empty() || (launcher.kind == Kind::Java && argument.starts_with('@')) {
            continue;
        }
        // `+o` of the shells is an option too.
        if !argument.starts_with(['-', '+']) {
            return Subject::Positional(argument, tail);
        }
        if launcher.kind == Kind::Java && argument == "-jar" {
            continue;
        }
        if let Some(option) = code_option(launcher, argument) {
            return Subject::Code(option);
        }
        if let Some(module) = launcher.module_options.iter().find_map(|&option| {
            if argument == option {
                tail.split_first().map(|(&module, tail)| (module, tail))
            } else if option.len() == 2 && launcher.kind == Kind::Script {
                // `-mhttp.server`
                argument.strip_prefix(option).map(|module| (module, tail))
            } else {
                argument.strip_prefix(option)?.strip_prefix('=').map(|module| (module, tail))
            }
        }) {
            return Subject::Module(module.0, module.1);
        }
        if takes_value(launcher, argument) {
            rest = tail.get(1..).unwrap_or_default();
        }
    }
    Subject::Nothing
}

/// The code option that `argument` is: by itself, as `--eval=…`, or at the end of a cluster of
/// flags as in `bash -lc` and `perl -ne`.
fn code_option(launcher: &Launcher, argument: &str) -> Option<&'static str> {
    launcher.code_options.iter().copied().find(|&option| {
        argument == option
            || (option.starts_with("--")
                && argument.strip_prefix(option).is_some_and(|rest| rest.starts_with('=')))
            || (ends_cluster(launcher, argument, option)
                && !launcher.value_options.contains(&argument))
    })
}

/// True if the next argument is the value of this one: also in `bash -euo pipefail`.
fn takes_value(launcher: &Launcher, argument: &str) -> bool {
    launcher
        .value_options
        .iter()
        .any(|option| argument == *option || ends_cluster(launcher, argument, option))
}

/// True if `argument` is a cluster of flags that ends with the one of `option`.
fn ends_cluster(launcher: &Launcher, argument: &str, option: &str) -> bool {
    let (Some(flags), Some(letter)) = (argument.strip_prefix('-'), option.strip_prefix('-')) else {
        return false;
    };
    launcher.clusters
        && launcher.kind == Kind::Script
        && letter.len() == 1
        && (2..=5).contains(&flags.len())
        && flags.bytes().all(|b| b.is_ascii_alphabetic())
        && flags.ends_with(letter)
}

/// `npm run dev`, `dotnet shop.dll`, `deno run main.ts`, `npx vite`.
fn command(launcher: &Launcher, shown: &str, what: &str, rest: &[&str]) -> String {
    let what = file_name(what);
    if !RUNNERS.contains(&what) {
        return format!("{shown} {what}");
    }
    match subject(launcher, rest) {
        Subject::Positional(target, _) => format!("{shown} {what} {}", script_name(target)),
        Subject::Module(module, _) => format!("{shown} {what} {module}"),
        Subject::Nothing | Subject::Code(_) => format!("{shown} {what}"),
    }
}

/// What an application server serves: the value of one of `options`, else the argument of the
/// form `module:object`, else the first argument.
fn application<'a>(options: &[&str], arguments: &[&'a str]) -> Option<&'a str> {
    for (index, argument) in arguments.iter().enumerate() {
        for option in options {
            if argument == option {
                return arguments.get(index + 1).map(|value| file_name(value));
            }
            if let Some(value) = argument.strip_prefix(option).and_then(|v| v.strip_prefix('=')) {
                return Some(file_name(value));
            }
        }
    }
    let unbracketed =
        |a: &'a str| a.strip_prefix('[').and_then(|a| a.strip_suffix(']')).unwrap_or(a);
    let named = arguments.iter().map(|a| unbracketed(a)).find(|a| is_application(a));
    named.or_else(|| {
        let first = arguments.first()?;
        (!first.starts_with('-') && !first.is_empty()).then(|| file_name(first))
    })
}

/// `package.module:object`, and `module:factory()`.
fn is_application(text: &str) -> bool {
    let identifier = |part: &str, more: &[u8]| {
        part.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || more.contains(&b))
    };
    text.split_once(':').is_some_and(|(module, object)| {
        let object = object.split_once('(').map_or(object, |(function, _)| function);
        identifier(module, b".") && identifier(object, b".") && module != "unix"
    })
}

/// The last segment of a dotted name; the last two where the last says nothing.
fn class_name(name: &str) -> &str {
    let mut starts = name.rmatch_indices('.').map(|(at, _)| at + 1);
    let last = starts.next().unwrap_or(0);
    let class = name.get(last..).unwrap_or(name);
    if GENERIC_CLASSES.contains(&class) && last > 0 {
        return name.get(starts.next().unwrap_or(0)..).unwrap_or(name);
    }
    class
}

/// The file name; with the project's directory where every project has a file of that name.
fn script_name(path: &str) -> String {
    let file = file_name(path);
    if !GENERIC_FILES.contains(&file) {
        return file.to_owned();
    }
    let directories = path.get(..path.len() - file.len()).unwrap_or_default();
    let mut skipped = false;
    for directory in directories.trim_end_matches(is_separator).rsplit(is_separator) {
        if !GENERIC_DIRECTORIES.contains(&directory) {
            let between = if skipped { "/…/" } else { "/" };
            return format!("{directory}{between}{file}");
        }
        skipped = true;
    }
    file.to_owned()
}

const fn is_separator(c: char) -> bool {
    matches!(c, '/' | '\\')
}

/// The last component of a path of either kind.
fn file_name(path: &str) -> &str {
    let trimmed = path.trim_end_matches(is_separator);
    trimmed.rsplit(is_separator).next().unwrap_or(trimmed)
}

/// The program's name without `.exe` and without the dash of a login shell.
fn without_decoration(program: &str) -> &str {
    let program = program.strip_prefix('-').unwrap_or(program);
    match program.len().checked_sub(4).and_then(|at| program.split_at_checked(at)) {
        Some((stem, extension)) if extension.eq_ignore_ascii_case(".exe") => stem,
        _ => program,
    }
}

fn launcher_named(program: &str) -> Option<&'static Launcher> {
    let program = without_decoration(program);
    let find = |name: &str| {
        LAUNCHERS.iter().find(|l| l.names.iter().any(|n| n.eq_ignore_ascii_case(name)))
    };
    find(program).or_else(|| {
        find(
            program
                .trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
                .trim_end_matches('-'),
        )
    })
}

/// `python` for `python3.11`, but `tsx` for `tsx` and `nodemon` for `nodemon`.
fn shown_name(launcher: &Launcher, program: &str) -> String {
    let program = without_decoration(program);
    let stem = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    [program, stem, stem.trim_end_matches('-')]
        .into_iter()
        .find_map(|candidate| launcher.names.iter().find(|n| n.eq_ignore_ascii_case(candidate)))
        .or(launcher.names.first())
        .map_or_else(|| program.to_owned(), |&name| name.to_owned())
}

fn bounded(label: &str) -> String {
    match label.char_indices().nth(MAX_LABEL - 1) {
        Some((at, _)) if label.chars().nth(MAX_LABEL).is_some() => {
            let mut short = label.get(..at).unwrap_or_default().to_owned();
            short.push('…');
            short
        }
        _ => label.to_owned(),
    }
}

fn bounded_shared(label: &Arc<str>) -> Arc<str> {
    if label.len() <= MAX_LABEL { Arc::clone(label) } else { Arc::from(bounded(label)) }
}

#[cfg(test)]
mod tests;
