//! A label that tells processes apart: `python app.py` instead of six times `python`.
//!
//! Where the name of a process is that of an interpreter or launcher, the label adds what it
//! runs. Which options of a launcher take a value is a table, so that `java -cp x.jar shop.Main`
//! is not taken for a program called `x.jar`.

use std::sync::Arc;

use crate::process::Process;

/// Most characters of a label; a longer one ends in `…`.
pub const MAX_LABEL: usize = 64;

/// What a launcher runs, and how to find it among the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The first argument that is no option is a script.
    Script,
    /// A jar, or a class by its dotted name.
    Java,
    /// A subcommand, and where `RUNNERS` says so what it is applied to.
    Command,
    /// `module:object`, or the value of one of these options.
    Application(&'static [&'static str]),
}

struct Launcher {
    /// Program names, lower case, without version and `.exe`; the first is the one that is shown.
    names: &'static [&'static str],
    kind: Kind,
    /// Options that take the next argument as their value.
    value_options: &'static [&'static str],
    /// Options whose value is the program itself, as text.
    code_options: &'static [&'static str],
    /// Options whose value is a module to run.
    module_options: &'static [&'static str],
    /// Flags of one letter may be written together: `-lc` for `-l -c`.
    clusters: bool,
}

const SCRIPT: Launcher = Launcher {
    names: &[],
    kind: Kind::Script,
    value_options: &[],
    code_options: &[],
    module_options: &[],
    clusters: true,
};

// A static, not a constant: it has one address, by which launchers are compared.
static LAUNCHERS: &[Launcher] = &[
    Launcher {
        names: &["python", "pythonw", "pypy", "py", "ipython"],
        value_options: &["-W", "-X", "-Q", "--check-hash-based-pycs"],
        code_options: &["-c"],
        module_options: &["-m"],
        ..SCRIPT
    },
    Launcher {
        names: &["node", "nodejs", "electron", "ts-node", "tsx", "nodemon"],
        value_options: &[
            "-r",
            "--require",
            "--import",
            "--loader",
            "--experimental-loader",
            "-C",
            "--conditions",
            "--env-file",
            "--env-file-if-exists",
            "--icu-data-dir",
            "--title",
            "--openssl-config",
            "--watch-path",
            "-P",
            "--project",
            "-w",
        ],
        code_options: &["-e", "--eval", "-p", "--print", "-pe"],
        ..SCRIPT
    },
    Launcher {
        names: &["java", "javaw"],
        kind: Kind::Java,
        value_options: &[
            "-cp",
            "-classpath",
            "--class-path",
            "-p",
            "--module-path",
            "--upgrade-module-path",
            "--add-modules",
            "--add-opens",
            "--add-exports",
            "--add-reads",
            "--limit-modules",
            "--patch-module",
            "--enable-native-access",
            "--source",
            "-d",
            "--describe-module",
        ],
        module_options: &["-m", "--module"],
        ..SCRIPT
    },
    Launcher {
        names: &["ruby", "jruby"],
        value_options: &["-r", "-I", "-C", "-E", "--encoding"],
        code_options: &["-e"],
        ..SCRIPT
    },
    Launcher { names: &["perl"], value_options: &["-I"], code_options: &["-e", "-E"], ..SCRIPT },
    Launcher {
        names: &["php", "php-cgi"],
        value_options: &["-c", "-d", "-S", "-t", "-z", "-B", "-E"],
        code_options: &["-r", "-R"],
        ..SCRIPT
    },
    Launcher {
        names: &["bash"],
        value_options: &["-o", "+o", "-O", "+O", "--rcfile", "--init-file"],
        code_options: &["-c"],
        ..SCRIPT
    },
    Launcher { names: &["sh"], value_options: &["-o"], code_options: &["-c"], ..SCRIPT },
    Launcher { names: &["dash"], value_options: &["-o"], code_options: &["-c"], ..SCRIPT },
    Launcher { names: &["zsh"], value_options: &["-o"], code_options: &["-c"], ..SCRIPT },
    Launcher { names: &["ksh"], value_options: &["-o"], code_options: &["-c"], ..SCRIPT },
    Launcher {
        names: &["fish"],
        value_options: &["-C", "--init-command", "-d", "--debug", "-o", "-f", "--features"],
        code_options: &["-c", "--command"],
        ..SCRIPT
    },
    Launcher {
        names: &["pwsh", "powershell"],
        clusters: false,
        value_options: &[
            "-ExecutionPolicy",
            "-ex",
            "-ep",
            "-WorkingDirectory",
            "-wd",
            "-WindowStyle",
            "-w",
            "-Version",
            "-OutputFormat",
            "-InputFormat",
            "-ConfigurationName",
            "-SettingsFile",
        ],
        code_options: &["-Command", "-c", "-EncodedCommand", "-e", "-enc"],
        ..SCRIPT
    },
    Launcher { names: &["lua", "luajit"], value_options: &["-l"], code_options: &["-e"], ..SCRIPT },
    Launcher { names: &["tclsh", "wish"], ..SCRIPT },
    Launcher { names: &["guile"], code_options: &["-c"], value_options: &["-L"], ..SCRIPT },
    Launcher { names: &["rscript", "r"], value_options: &["-f"], code_options: &["-e"], ..SCRIPT },
    Launcher { names: &["julia"], code_options: &["-e", "--eval"], ..SCRIPT },
    Launcher { names: &["mono"], ..SCRIPT },
    Launcher { names: &["wine", "wine64", "wine-preloader", "wine64-preloader"], ..SCRIPT },
    Launcher {
        names: &["dotnet"],
        kind: Kind::Command,
        value_options: &[
            "--depsfile",
            "--runtimeconfig",
            "--additionalprobingpath",
            "--fx-version",
            "--roll-forward",
            "--additional-deps",
            "-c",
            "--configuration",
            "-f",
            "--framework",
            "--launch-profile",
        ],
        ..SCRIPT
    },
    Launcher {
        names: &["deno"],
        kind: Kind::Command,
        value_options: &["-c", "--config", "--import-map", "--cert", "--location", "-L"],
        ..SCRIPT
    },
    Launcher {
        names: &["bun"],
        kind: Kind::Command,
        value_options: &["-c", "--config", "--cwd", "-r", "--preload", "--env-file"],
        code_options: &["-e", "--eval"],
        ..SCRIPT
    },
    Launcher { names: &["npm"], kind: Kind::Command, value_options: NPM, ..SCRIPT },
    Launcher { names: &["npx"], kind: Kind::Command, value_options: NPM, ..SCRIPT },
    Launcher { names: &["pnpm"], kind: Kind::Command, value_options: NPM, ..SCRIPT },
    Launcher { names: &["yarn"], kind: Kind::Command, value_options: NPM, ..SCRIPT },
    Launcher {
        names: &["uv"],
        kind: Kind::Command,
        value_options: &[
            "--with",
            "--extra",
            "--group",
            "--python",
            "-p",
            "--project",
            "--directory",
            "--env-file",
            "--index-url",
            "--from",
            "--package",
        ],
        module_options: &["-m", "--module"],
        ..SCRIPT
    },
    Launcher {
        names: &["uvx"],
        kind: Kind::Command,
        value_options: &["--from", "--with"],
        ..SCRIPT
    },
    Launcher {
        names: &["poetry"],
        kind: Kind::Command,
        value_options: &["-C", "--directory", "-P", "--project"],
        ..SCRIPT
    },
    Launcher { names: &["pipenv"], kind: Kind::Command, ..SCRIPT },
    Launcher { names: &["bundle"], kind: Kind::Command, ..SCRIPT },
    Launcher {
        names: &["cargo"],
        kind: Kind::Command,
        value_options: &["-p", "--package", "--bin", "--example", "--features", "--manifest-path"],
        ..SCRIPT
    },
    Launcher { names: &["gunicorn"], kind: Kind::Application(&[]), ..SCRIPT },
    Launcher { names: &["uvicorn"], kind: Kind::Application(&[]), ..SCRIPT },
    Launcher { names: &["hypercorn"], kind: Kind::Application(&[]), ..SCRIPT },
    Launcher { names: &["granian"], kind: Kind::Application(&[]), ..SCRIPT },
    Launcher { names: &["daphne"], kind: Kind::Application(&[]), ..SCRIPT },
    Launcher { names: &["waitress-serve"], kind: Kind::Application(&[]), ..SCRIPT },
    Launcher {
        names: &["uwsgi"],
        kind: Kind::Application(&["--module", "-w", "--wsgi-file", "--ini"]),
        ..SCRIPT
    },
    Launcher { names: &["celery"], kind: Kind::Application(&["-A", "--app"]), ..SCRIPT },
    Launcher { names: &["flask"], kind: Kind::Application(&["-A", "--app"]), ..SCRIPT },
];

const NPM: &[&str] = &["--prefix", "-C", "--dir", "-w", "--workspace", "--cwd", "-p", "--package"];

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
mod tests {
    use super::*;
    use crate::key::{HostId, ProcessKey};
    use proptest::prelude::*;

    fn process(name: &str, arguments: &[&str]) -> Process {
        let key = ProcessKey { host: HostId::LOCAL, pid: 42, started: 1 };
        let mut process = Process::bare(key, name);
        process.arguments = arguments.iter().map(|&a| Arc::from(a)).collect();
        process
    }

    /// Name, command line with arguments separated by single blanks, label.
    #[rustfmt::skip]
    const CASES: &[(&str, &str, &str)] = &[
        // The name says enough.
        ("nginx", "nginx: worker process", "nginx"),
        ("postgres", "postgres: alice shop 127.0.0.1(42) idle", "postgres"),
        ("postgres: alice shop", "postgres: alice shop 127.0.0.1(42) idle", "postgres"),
        ("sshd: alice@pts/0", "sshd: alice@pts/0", "sshd"),
        ("redis-server", "/usr/bin/redis-server 127.0.0.1:6379", "redis-server"),
        ("curl", "curl https://example.org", "curl"),
        ("procnet.exe", "procnet.exe", "procnet.exe"),
        ("kworker/0:1-events", "", "kworker/0:1-events"),
        ("", "", "pid 42"),
        // Python.
        ("python", "python app.py", "python app.py"),
        ("python3.11", "/usr/bin/python3.11 /srv/shop/app.py --port 8000", "python app.py"),
        ("python3", "python3 -u -X dev -W ignore app.py", "python app.py"),
        ("python3", "python3 -m http.server 8000", "python http.server"),
        ("python3", "python3 -mhttp.server", "python http.server"),
        ("python3", "python3 -um http.server", "python http.server"),
        ("python3", "python3 -m uvicorn shop:app --port 80", "uvicorn shop:app"),
        ("python3", "python3 -c import\u{a0}time", "python -c"),
        ("python3", "python3 -Ic pass", "python -c"),
        ("python3", "python3", "python"),
        ("python3", "", "python"),
        ("python3", "python3 -", "python"),
        ("python3", "python3 -- -odd.py", "python -odd.py"),
        ("python3", "python3 /srv/shop/__main__.py", "python shop/__main__.py"),
        ("python3", "python3 manage.py runserver", "python manage.py"),
        ("python3", "python3 /srv/shop/manage.py runserver", "python shop/manage.py"),
        ("python.exe", r"C:\Python\python.exe C:\srv\app.py", "python app.py"),
        ("pythonw.exe", r"pythonw.exe app.py", "pythonw app.py"),
        ("python3.11", "/usr/bin/python3 /usr/bin/gunicorn -w 4 shop.wsgi:app", "gunicorn shop.wsgi:app"),
        ("gunicorn", "/usr/bin/python3 /usr/bin/gunicorn -b 0.0.0.0:80 shop:create_app()", "gunicorn shop:create_app()"),
        ("gunicorn", "gunicorn: master [shop:app]", "gunicorn shop:app"),
        ("uvicorn", "/venv/bin/python /venv/bin/uvicorn --host 0.0.0.0 --port 8000 api.main:app", "uvicorn api.main:app"),
        ("celery", "/usr/bin/python3 /usr/bin/celery -A shop worker", "celery shop"),
        ("flask", "/usr/bin/python3 /usr/bin/flask run", "flask run"),
        ("fail2ban-server", "/usr/bin/python3 /usr/bin/fail2ban-server -xf start", "fail2ban-server"),
        // Node and its kin.
        ("node", "node server.js", "node server.js"),
        ("node", "node -r dotenv/config --max-old-space-size=4096 /srv/server.js", "node server.js"),
        ("node", "node --inspect=0.0.0.0:9229 --require ts-node/register src/api.ts", "node api.ts"),
        ("node", "node /srv/shop/dist/index.js", "node shop/…/index.js"),
        ("node", "node /srv/shop/index.js", "node shop/index.js"),
        ("node", "node index.js", "node index.js"),
        ("node", "node -e 1", "node -e"),
        ("node", "node --eval=1", "node --eval"),
        ("MainThread", "node server.js", "node server.js"),
        ("node-MainThread", "/usr/bin/node server.js", "node server.js"),
        ("node.exe", r"C:\nodejs\node.exe .\server.js", "node server.js"),
        ("deno", "deno run --allow-net -L info main_api.ts", "deno run main_api.ts"),
        ("bun", "bun server.ts", "bun server.ts"),
        ("bun", "bun run dev", "bun run dev"),
        ("npm", "npm run dev", "npm run dev"),
        ("npm", "npm start", "npm start"),
        ("npm run dev", "npm run dev", "npm run dev"),
        ("npx", "npx --yes vite", "npx vite"),
        ("yarn", "yarn --cwd web dev", "yarn dev"),
        // Java.
        ("java", "java -jar x.jar", "java x.jar"),
        ("java", "/usr/bin/java -Xmx1g -Dx=y -jar /srv/shop-1.0.jar --server.port=80", "java shop-1.0.jar"),
        ("java", "java -cp a.jar:b.jar com.shop.Billing", "java Billing"),
        ("java", "java -classpath a.jar --add-opens java.base/java.lang=ALL-UNNAMED com.shop.Main", "java shop.Main"),
        ("java", "java --module-path mods -m shop/com.shop.Billing", "java Billing"),
        ("java", "java --module=shop/com.shop.Billing", "java Billing"),
        ("java", "java @args.txt com.shop.Billing", "java Billing"),
        ("java", "java Hello.java", "java Hello.java"),
        ("java", "java kafka.Kafka server.properties", "java Kafka"),
        ("java", "java Main", "java Main"),
        ("java.exe", r"java.exe -jar C:\srv\x.jar", "java x.jar"),
        // The rest.
        ("ruby", "ruby -W0 -I lib bin/worker.rb", "ruby worker.rb"),
        ("ruby3.1", "ruby3.1 -rsocket -e loop{}", "ruby -e"),
        ("perl", "perl -w /opt/agent.pl", "perl agent.pl"),
        ("perl", "perl -ne print", "perl -e"),
        ("php", "php -d memory_limit=1G artisan queue:work", "php artisan"),
        ("php", "php -S 127.0.0.1:8000 -t public", "php"),
        ("bash", "bash /opt/backup.sh --now", "bash backup.sh"),
        ("bash", "bash -euo pipefail -c sleep", "bash -c"),
        ("bash", "bash -lc sleep", "bash -c"),
        ("bash", "-bash", "bash"),
        ("sh", "/bin/sh -e /etc/rc.local", "sh rc.local"),
        ("pwsh", "pwsh -NoProfile -ExecutionPolicy Bypass -File job.ps1", "pwsh job.ps1"),
        ("powershell.exe", "powershell.exe -Command Get-Date", "powershell -Command"),
        ("dotnet", "dotnet /srv/Shop.Api.dll --urls http://*:80", "dotnet Shop.Api.dll"),
        ("dotnet", "dotnet exec --runtimeconfig x.json Shop.dll", "dotnet exec Shop.dll"),
        ("dotnet", "dotnet run --project Shop", "dotnet run Shop"),
        ("uv", "uv run --with httpx app.py", "uv run app.py"),
        ("uv", "uv run -m shop.api", "uv run shop.api"),
        ("poetry", "poetry -C /srv run serve", "poetry run serve"),
        ("cargo", "cargo run --release", "cargo run"),
        ("wine64-preloader", "wine64-preloader game.exe", "wine64-preloader game.exe"),
    ];

    #[test]
    fn labels_tell_processes_apart() {
        for &(name, line, expected) in CASES {
            let arguments: Vec<&str> =
                if line.is_empty() { vec![] } else { line.split(' ').collect() };
            assert_eq!(&*distinguishing_label(&process(name, &arguments)), expected, "{line}");
            // The same as one string: a title that the program wrote itself.
            if line.contains(' ') && !line.starts_with(['/', 'C']) && !arguments.contains(&"") {
                let titled = distinguishing_label(&process(name, &[line]));
                assert_eq!(&*titled, expected, "the title {line}");
            }
        }
    }

    #[test]
    fn a_name_that_is_a_threads_gives_way_to_the_executable() {
        let mut node = process("MainThread", &["api"]);
        node.exe = Some(Arc::from("/usr/bin/node"));
        assert_eq!(&*distinguishing_label(&node), "node");
    }

    #[test]
    fn a_label_is_bounded() {
        let script = format!("{}.py", "ä".repeat(200));
        let label = distinguishing_label(&process("python", &["python", &script]));
        assert_eq!(label.chars().count(), MAX_LABEL);
        assert!(label.starts_with("python ää") && label.ends_with('…'), "{label}");
        let exact = "x".repeat(MAX_LABEL);
        assert_eq!(*distinguishing_label(&process(&exact, &[])), exact);
        // A launcher that names itself over and over.
        let nested = ["gunicorn"; 100].map(|_| "python");
        assert!(distinguishing_label(&process("python", &nested)).chars().count() <= MAX_LABEL);
    }

    #[test]
    fn every_launcher_is_shown_by_a_name_that_names_it() {
        for launcher in LAUNCHERS {
            for name in launcher.names {
                assert!(std::ptr::eq(launcher_named(name).unwrap(), launcher), "{name}");
                assert_eq!(shown_name(launcher, name), *name);
            }
        }
    }

    proptest! {
        #[test]
        fn no_process_makes_the_label_panic_or_grow(
            name in "(python3?|java|node|bash|gunicorn|npm|uv|MainThread|.{0,8})(: .{0,3})?",
            arguments in proptest::collection::vec(
                "(--?[a-zA-Z]{0,8}=?|/?[a-z]{0,4}/?|python|java|gunicorn|run|x:app|\\[|.{0,6}){0,2}",
                0..8,
            ),
        ) {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let label = distinguishing_label(&process(&name, &arguments));
            prop_assert!(!label.is_empty());
            prop_assert!(label.chars().count() <= MAX_LABEL);
        }
    }
}
