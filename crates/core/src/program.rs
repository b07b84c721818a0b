//! Which program a process runs, as file names go on any system: `nginx`, `chrome`, `python3.11`.

use std::sync::Arc;

use crate::label::{canonical_program, program_name};
use crate::process::Process;

/// Most bytes of a process's name that Linux keeps.
const KERNEL_NAME: usize = 15;

/// The executable's file name without `.exe`; the process's own where the path may not be read.
///
/// One file may be several programs, as busybox is, or redis-server, which Debian links to
/// redis-check-rdb. So where the process's name and the first word of its command line say the
/// same and the file is called otherwise, they count. An interpreter's script is not told so by
/// its command line, and a version at the end of the file's name is no other program.
pub(crate) fn program(process: &Process) -> &str {
    let Some(path) = process.exe.as_deref() else { return file_stem(&process.name) };
    let file = file_stem(path);
    let name = program_name(process);
    let told = process.arguments.first().map_or("", |argument| first_word(argument));
    let same = if name.len() >= KERNEL_NAME { told.starts_with(name) } else { told == name };
    if same && !name.is_empty() && !file.starts_with(name) { told } else { file }
}

/// What joins the processes of one program: without the version of an interpreter, in lower case.
pub(crate) fn program_of_all(process: &Process) -> Arc<str> {
    Arc::from(canonical_program(program(process)).to_lowercase())
}

/// The file name at the end of a path of any system, without `.exe`.
fn file_stem(path: &str) -> &str {
    // On systems whose paths have slashes a backslash is a letter like any other.
    let separator = if path.contains('/') { '/' } else { '\\' };
    let name = path.rsplit(separator).next().unwrap_or(path);
    match name.len().checked_sub(4).and_then(|at| name.split_at_checked(at)) {
        Some((stem, suffix)) if suffix.eq_ignore_ascii_case(".exe") && !stem.is_empty() => stem,
        _ => name,
    }
}

/// `redis-server` of `/usr/bin/redis-server *:6379`, `nginx` of `nginx: worker process`.
fn first_word(argument: &str) -> &str {
    let word = argument.split_whitespace().next().unwrap_or_default();
    let word = file_stem(word.trim_end_matches(':'));
    word.strip_prefix('-').unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{HostId, ProcessKey};

    fn process(name: &str, exe: &str, arguments: &[&str]) -> Process {
        let key = ProcessKey { host: HostId::LOCAL, pid: 1, started: 1 };
        let mut process = Process::bare(key, name);
        process.exe = (!exe.is_empty()).then(|| Arc::from(exe));
        process.arguments = arguments.iter().map(|text| Arc::from(*text)).collect();
        process
    }

    #[test]
    fn the_file_tells_unless_the_process_says_otherwise_twice() {
        for (name, exe, arguments, expected, of_all) in [
            ("nginx", "/usr/sbin/nginx", &["nginx: worker process"][..], "nginx", "nginx"),
            (
                "redis-server",
                "/usr/bin/redis-check-rdb",
                &["/usr/bin/redis-server 127.0.0.1:6379"],
                "redis-server",
                "redis-server",
            ),
            ("httpd", "/bin/busybox", &["httpd", "-f"], "httpd", "httpd"),
            ("python3", "/usr/bin/python3.11", &["python3", "a.py"], "python3.11", "python"),
            ("celery", "/usr/bin/python3.11", &["/usr/bin/python3", "c"], "python3.11", "python"),
            ("gunicorn", "/usr/bin/python3.11", &["gunicorn: master [a]"], "gunicorn", "gunicorn"),
            ("Chrome", r"C:\Google\Chrome.EXE", &[], "Chrome", "chrome"),
            ("odd", "/opt/odd\\name", &[], "odd\\name", "odd\\name"),
            ("bash", "/usr/bin/bash", &["-bash"], "bash", "bash"),
            // Only one of the two says so.
            ("nginx", "/tmp/x", &["./x"], "x", "x"),
            (
                "kube-controller",
                "/usr/bin/hyperkube",
                &["kube-controller-manager", "-v"],
                "kube-controller-manager",
                "kube-controller-manager",
            ),
            ("hidden", "", &["other"], "hidden", "hidden"),
            ("", "/x/y", &[""], "y", "y"),
        ] {
            let process = process(name, exe, arguments);
            assert_eq!(program(&process), expected, "{name} {exe}");
            assert_eq!(&*program_of_all(&process), of_all, "{name} {exe}");
        }
    }
}
