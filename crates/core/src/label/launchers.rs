//! The programs whose name alone says nothing, and how each is told what to run.

/// What a launcher runs, and how to find it among the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The first argument that is no option is a script.
    Script,
    /// A jar, or a class by its dotted name.
    Java,
    /// A subcommand, and where `RUNNERS` says so what it is applied to.
    Command,
    /// `module:object`, or the value of one of these options.
    Application(&'static [&'static str]),
}

/// An interpreter, runtime, task runner or application server.
pub(super) struct Launcher {
    /// Program names, lower case, without version and `.exe`; the first is the one that is shown.
    pub(super) names: &'static [&'static str],
    pub(super) kind: Kind,
    /// Options that take the next argument as their value.
    pub(super) value_options: &'static [&'static str],
    /// Options whose value is the program itself, as text.
    pub(super) code_options: &'static [&'static str],
    /// Options whose value is a module to run.
    pub(super) module_options: &'static [&'static str],
    /// Flags of one letter may be written together: `-lc` for `-l -c`.
    pub(super) clusters: bool,
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
pub(super) static LAUNCHERS: &[Launcher] = &[
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
