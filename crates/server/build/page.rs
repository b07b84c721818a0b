//! Builds the page with npm.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The oldest Node that the page's build tools support.
const OLDEST_NODE: u32 = 20;

/// Where a page that is built already lies, for those who build without Node.
const PREBUILT: &str = "PROCNET_WEB_DIST";

/// What the page is made of. A change of any of it builds it anew.
const SOURCES: &[&str] = &[
    "src",
    "public",
    "index.html",
    "vite.config.ts",
    "vite",
    "build",
    "tsconfig.json",
    "package.json",
    "package-lock.json",
];

/// Builds the page and says where it lies.
pub(crate) fn build(crate_root: &Path, out: &Path) -> Result<PathBuf, String> {
    println!("cargo::rerun-if-env-changed={PREBUILT}");
    if let Some(prebuilt) = std::env::var_os(PREBUILT).filter(|p| !p.is_empty()) {
        let prebuilt = PathBuf::from(prebuilt);
        if !prebuilt.join("index.html").is_file() {
            return Err(format!(
                "{PREBUILT} names {}, but there is no index.html in it: build the page there \
                 (npm run build in web/), or unset {PREBUILT}",
                prebuilt.display()
            ));
        }
        println!("cargo::rerun-if-changed={}", prebuilt.display());
        return Ok(prebuilt);
    }

    let web = crate_root.join("../../web");
    for source in SOURCES {
        let source = web.join(source);
        // A path that does not exist would make cargo run this script every time.
        if source.exists() {
            println!("cargo::rerun-if-changed={}", source.display());
        }
    }
    check_node()?;

    // Two builds with different target directories must not fill node_modules at once. The lock
    // file lies beside node_modules, for `npm ci` empties that folder.
    let lock_path = web.join(".build.lock");
    let lock = File::create(&lock_path)
        .map_err(|e| format!("cannot create {} (for locking): {e}", lock_path.display()))?;
    lock.lock().map_err(|e| format!("cannot lock {}: {e}", lock_path.display()))?;

    if !is_installed(&web) {
        npm(&web, &["ci", "--no-audit", "--no-fund"], "install the page's packages")?;
    }
    let page = out.join("page");
    let Some(page_text) = page.to_str() else {
        return Err(format!("the build folder {} is not valid UTF-8", page.display()));
    };
    npm(&web, &["run", "build", "--", "--outDir", page_text, "--emptyOutDir"], "build the page")?;
    if !page.join("index.html").is_file() {
        return Err(format!("npm run build left no index.html in {page_text}"));
    }
    Ok(page)
}

/// True if node_modules is what package-lock.json asks for. npm writes `.package-lock.json` last.
fn is_installed(web: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|m| m.modified());
    match (
        modified(&web.join("node_modules/.package-lock.json")),
        modified(&web.join("package-lock.json")),
    ) {
        (Ok(installed), Ok(asked)) => installed >= asked,
        _ => false,
    }
}

fn check_node() -> Result<(), String> {
    let remedy = format!(
        "The page of Procnet Live is built with Node.js {OLDEST_NODE} or later and npm. Install \
         them (Debian: apt install nodejs npm; others: https://nodejs.org/) and build again; or \
         let {PREBUILT} name a folder with a page that is built already."
    );
    let output = Command::new("node")
        .arg("--version")
        .output()
        .map_err(|e| format!("cannot run `node --version`: {e}.\n{remedy}"))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let major: Option<u32> =
        version.trim_start_matches('v').split('.').next().and_then(|m| m.parse().ok());
    match major {
        Some(major) if major >= OLDEST_NODE => {}
        _ => return Err(format!("`node --version` says {version:?}.\n{remedy}")),
    }
    npm_command()
        .arg("--version")
        .output()
        .map_err(|e| format!("cannot run `npm --version`: {e}.\n{remedy}"))
        .map(drop)
}

/// npm is a batch file on Windows, and only found there by its full name.
fn npm_command() -> Command {
    Command::new(if std::env::consts::OS == "windows" { "npm.cmd" } else { "npm" })
}

fn npm(web: &Path, arguments: &[&str], purpose: &str) -> Result<(), String> {
    let output = npm_command()
        .args(arguments)
        .current_dir(web)
        .output()
        .map_err(|e| format!("cannot run npm to {purpose}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let Output { status, stdout, stderr } = output;
    Err(format!(
        "npm could not {purpose} ({status}). In {}: npm {}\n{}{}",
        web.display(),
        arguments.join(" "),
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    ))
}
