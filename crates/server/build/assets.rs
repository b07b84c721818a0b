//! Writes the table of embedded files: `assets.rs` in the build folder.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// A page of ours has a few dozen files; more, or larger ones, is a mistake in the build.
const MAX_FILES: usize = 1_000;
const MAX_FILE_BYTES: usize = 8 * 1024 * 1024;

/// Writes the table of every file below `roots`, each with the prefix of its path in the URL.
pub(crate) fn write_table(roots: &[(&str, &Path)], out: &Path) -> Result<(), String> {
    let mut files = Vec::new();
    for (prefix, root) in roots {
        collect(root, prefix, &mut files)?;
    }
    files.sort();
    let compressed = out.join("compressed");
    fs::create_dir_all(&compressed)
        .map_err(|e| format!("cannot create {}: {e}", compressed.display()))?;

    let mut table = String::from("pub(crate) static ASSETS: &[Asset] = &[\n");
    for (index, (path, source)) in files.iter().enumerate() {
        let bytes = fs::read(source).map_err(|e| format!("cannot read {source}: {e}"))?;
        if bytes.len() > MAX_FILE_BYTES {
            return Err(format!("{source} is larger than {MAX_FILE_BYTES} bytes"));
        }
        let gzip = match smaller(&bytes)? {
            Some(gzip) => {
                let file = compressed.join(format!("{index}.gz"));
                fs::write(&file, gzip)
                    .map_err(|e| format!("cannot write {}: {e}", file.display()))?;
                format!("Some(include_bytes!({:?}))", file.display().to_string())
            }
            None => "None".to_owned(),
        };
        let mut etag = String::new();
        for byte in &Sha256::digest(&bytes)[..16] {
            // Writing into a String cannot fail.
            let _ = write!(etag, "{byte:02x}");
        }
        let _ = writeln!(
            table,
            "    Asset {{ path: {path:?}, bytes: include_bytes!({source:?}), gzip: {gzip}, \
             etag: \"\\\"{etag}\\\"\", content_type: {:?}, caching: Caching::{} }},",
            content_type(path),
            caching(path),
        );
    }
    table.push_str("];\n");
    let file = out.join("assets.rs");
    fs::write(&file, table).map_err(|e| format!("cannot write {}: {e}", file.display()))
}

fn collect(root: &Path, prefix: &str, files: &mut Vec<(String, String)>) -> Result<(), String> {
    let entries = fs::read_dir(root).map_err(|e| format!("cannot list {}: {e}", root.display()))?;
    for entry in entries {
        let entry = entry.map_err(|e| format!("cannot list {}: {e}", root.display()))?;
        let path = entry.path();
        let (Some(text), Some(name)) = (path.to_str(), path.file_name().and_then(|n| n.to_str()))
        else {
            return Err(format!("{} is not valid UTF-8", path.display()));
        };
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), files)?;
        } else {
            files.push((format!("{prefix}{name}"), text.to_owned()));
        }
        if files.len() > MAX_FILES {
            return Err(format!("there are more than {MAX_FILES} files in {}", root.display()));
        }
    }
    Ok(())
}

/// The gzip form, if it saves at least a tenth.
fn smaller(bytes: &[u8]) -> Result<Option<Vec<u8>>, String> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).map_err(|e| format!("cannot compress: {e}"))?;
    let gzip = encoder.finish().map_err(|e| format!("cannot compress: {e}"))?;
    Ok((gzip.len() < bytes.len() / 10 * 9).then_some(gzip))
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// How long a browser may keep a file. The names of what Vite writes into `ui/`, and of vendored
/// libraries, carry a hash or a version.
fn caching(path: &str) -> &'static str {
    if path == "vendor/manifest.json" {
        "Never"
    } else if path.starts_with("ui/") || path.starts_with("vendor/") {
        "Forever"
    } else {
        "Revalidate"
    }
}
