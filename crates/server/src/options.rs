//! What the server is told at its start.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::access::Access;
use crate::tls::Tls;

/// What the server is told at its start.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// The folder of the user's own icons (`--icons-dir`).
    pub icons_dir: Option<PathBuf>,
    /// How the rules are read again, if a rule file was named.
    pub reload_rules: Option<ReloadRules>,
    /// Names, besides the loopback ones, under which the server may be called: `name` for any
    /// port, or `name:port`.
    pub allowed_hosts: Vec<String>,
    /// Who may ask: nobody, unless somebody is named.
    pub access: Access,
    /// Most connections, if the system has descriptors for fewer than usual.
    pub connections: Option<usize>,
    /// Gives the system back what many connections needed, where the allocator would keep it.
    pub give_back: Option<fn()>,
    /// What encrypts connections; without it they are not encrypted.
    pub tls: Option<Tls>,
}

/// What reads the rules and puts them in force: how many there are now, or why they were not read.
type Reload = dyn Fn() -> Result<usize, String> + Send + Sync;

/// How the rules are read again.
#[derive(Clone)]
pub struct ReloadRules {
    file: PathBuf,
    /// The same file by the name that the system prefers: where links lead to, say.
    target: PathBuf,
    reload: Arc<Reload>,
}

impl ReloadRules {
    /// `file` is the rule file that was named at start; `reload` reads it and puts it in force,
    /// or says why not and leaves what is in force.
    pub fn new(
        file: PathBuf,
        reload: impl Fn() -> Result<usize, String> + Send + Sync + 'static,
    ) -> Self {
        // Absolute forms, so that it can be told from other files without touching the disk when
        // somebody asks. Both, for the system's own is not what people write: on Windows it begins
        // with `\\?\`. Either fails for what is no path to a file: then its name must do.
        let target = file.canonicalize().unwrap_or_else(|_| file.clone());
        let file = std::path::absolute(&file).unwrap_or(file);
        Self { file, target, reload: Arc::new(reload) }
    }

    /// Reads the rules again.
    pub(crate) fn reload(&self) -> Result<usize, String> {
        (self.reload)()
    }

    /// True if `path` names the rule file: by its absolute path or by the end of it.
    pub(crate) fn names(&self, path: &str) -> bool {
        let path = std::path::Path::new(path);
        let path = path.strip_prefix(".").unwrap_or(path);
        !path.as_os_str().is_empty() && (self.file.ends_with(path) || self.target.ends_with(path))
    }

    /// The rule file.
    pub(crate) fn file(&self) -> &std::path::Path {
        &self.file
    }
}

impl fmt::Debug for ReloadRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReloadRules").field("file", &self.file).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_rule_file_is_the_rule_file() {
        let rules = ReloadRules::new(PathBuf::from("/etc/procnet/rules.yaml"), || Ok(0));
        for path in ["/etc/procnet/rules.yaml", "rules.yaml", "./rules.yaml", "procnet/rules.yaml"]
        {
            assert!(rules.names(path), "{path}");
        }
        let relative = ReloadRules::new(PathBuf::from("Cargo.toml"), || Ok(0));
        let absolute = std::env::current_dir().unwrap().join("Cargo.toml");
        assert!(relative.names(absolute.to_str().unwrap()));
        for path in [
            "",
            ".",
            "/",
            "/etc/passwd",
            "ules.yaml",
            "/rules.yaml",
            "other/rules.yaml",
            "/etc/procnet",
            "../procnet/rules.yaml",
            "/etc/procnet/rules.yaml/../../passwd",
        ] {
            assert!(!rules.names(path), "{path}");
        }
    }
}
