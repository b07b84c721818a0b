//! The embedded page, and icons.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use procnet_core::Icon;
use procnet_core::registry::{DEFAULT_TYPE, FALLBACK_PNG, NODE_TYPES};

use super::App;
use super::error::{ApiError, method_not_allowed};

/// A file that is part of the program.
pub(crate) struct Asset {
    /// Its path in the URL, without the slash at its beginning.
    path: &'static str,
    bytes: &'static [u8],
    gzip: Option<&'static [u8]>,
    etag: &'static str,
    content_type: &'static str,
    caching: Caching,
}

/// How long a browser may keep a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caching {
    /// Its name changes with its content.
    Forever,
    /// It may be kept, but must be asked about.
    Revalidate,
    /// Not at all.
    Never,
}

impl Caching {
    const fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Forever => "public, max-age=31536000, immutable",
            Self::Revalidate => "no-cache",
            Self::Never => "no-store, no-cache, must-revalidate, max-age=0",
        })
    }
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The path of the list of vendored libraries.
const MANIFEST: &str = "vendor/manifest.json";

fn find(path: &str) -> Option<&'static Asset> {
    let at = ASSETS.binary_search_by(|asset| asset.path.cmp(path)).ok()?;
    ASSETS.get(at)
}

/// The page's libraries and the texts of their licences.
pub fn page_licences() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    ASSETS.iter().filter_map(|asset| {
        let library = asset.path.strip_prefix("vendor/LICENSE.")?.strip_suffix(".txt")?;
        Some((library, asset.bytes))
    })
}

/// Says at the start which libraries the page brings along.
pub(crate) fn log_manifest() {
    match find(MANIFEST) {
        Some(_) => {
            let files = ASSETS.iter().filter(|asset| asset.path.starts_with("vendor/")).count();
            tracing::info!(files, "vendor manifest found: /{MANIFEST}");
        }
        None => tracing::warn!("vendor manifest not found: the page was built without it"),
    }
}

/// Any embedded file; everything below `/api` and everything unknown is told apart here.
pub(crate) async fn embedded(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    let Some(asset) = find(path) else {
        let error = format!(
            "there is nothing at /{path}: the page is at /, the API's description at /api/v1/openapi.json"
        );
        return ApiError::not_found(error).into_response();
    };
    if !matches!(method, Method::GET | Method::HEAD) {
        let mut refusal = method_not_allowed().await.into_response();
        refusal.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET,HEAD"));
        return refusal;
    }
    if path.starts_with("vendor/") {
        tracing::info!(path, bytes = asset.bytes.len(), "served a vendor file");
    }
    serve(asset, &headers)
}

/// `/assets/NAME`: the user's own icon, else the built-in one.
pub(crate) async fn icon(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(icons) = app.icons.clone() {
        let asked = name.clone();
        let found = tokio::task::spawn_blocking(move || {
            [asked.as_str(), FALLBACK_PNG].into_iter().find_map(|name| icons.read(name))
        });
        if crate::live::is_icon_name(&name)
            && let Ok(Some(bytes)) = found.await
        {
            return png(bytes, &headers);
        }
    }
    let stem = name.strip_suffix(".png").or_else(|| name.strip_suffix(".svg"));
    let Some(stem) = stem.filter(|stem| crate::live::is_icon_name(&format!("{stem}.png"))) else {
        let error = format!("/assets/{name}: icons are called TYPE.png or TYPE.svg");
        return ApiError::not_found(error).into_response();
    };
    let icon = NODE_TYPES
        .iter()
        .find(|info| info.png.strip_suffix(".png") == Some(stem) || info.name == stem)
        .map_or(DEFAULT_TYPE, |info| info.icon);
    match find(&format!("icons/{icon}.svg")) {
        Some(asset) => serve(asset, &headers),
        None => ApiError::not_found(format!("there is no icon {icon}")).into_response(),
    }
}

fn png(bytes: Vec<u8>, headers: &HeaderMap) -> Response {
    let tagged = crate::live::Tagged::by_content(bytes.into());
    let Ok(etag) = HeaderValue::from_str(&tagged.etag) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    respond(tagged.body, etag, "image/png", Caching::Revalidate, headers)
}

fn serve(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let gzip = asset.gzip.filter(|_| accepts_gzip(headers));
    let body = Bytes::from_static(gzip.unwrap_or(asset.bytes));
    let etag = HeaderValue::from_static(asset.etag);
    let mut response = respond(body, etag, asset.content_type, asset.caching, headers);
    if asset.gzip.is_some() {
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if gzip.is_some() && response.status() == StatusCode::OK {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// A picture that a program brings along: its name changes with its content.
pub(crate) fn program_icon(icon: &Icon) -> Response {
    let mut response =
        Response::new(axum::body::Body::from(Bytes::from_owner(icon.bytes().clone())));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(icon.media_type()));
    headers.insert(header::CACHE_CONTROL, Caching::Forever.header());
    response
}

fn respond(
    body: Bytes,
    etag: HeaderValue,
    content_type: &'static str,
    caching: Caching,
    headers: &HeaderMap,
) -> Response {
    let mut response = if etag.to_str().is_ok_and(|etag| has(headers, etag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(axum::body::Body::from(body));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    };
    response.headers_mut().insert(header::ETAG, etag);
    response.headers_mut().insert(header::CACHE_CONTROL, caching.header());
    response
}

/// JSON that a client may have already.
pub(crate) fn tagged_json(tagged: crate::live::Tagged, headers: &HeaderMap) -> Response {
    let Ok(etag) = HeaderValue::from_str(&tagged.etag) else {
        return super::error::json_response(tagged.body);
    };
    respond(tagged.body, etag, "application/json", Caching::Revalidate, headers)
}

/// True if `If-None-Match` (RFC 9110 section 13.1.2) names `etag`, compared weakly.
fn has(headers: &HeaderMap, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim() == "*" || opaque(tag) == opaque(etag))
}

/// True if `Accept-Encoding` lists gzip and does not forbid it with `q=0`.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"))
                && !parts.any(|p| {
                    p.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0))
                })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_type_has_an_icon() {
        assert!(ASSETS.is_sorted_by(|a, b| a.path < b.path));
        for info in NODE_TYPES {
            assert!(find(&format!("icons/{}.svg", info.icon)).is_some(), "{}", info.icon);
        }
        assert!(find("index.html").is_some_and(|a| a.caching == Caching::Revalidate));
        assert!(find("../Cargo.toml").is_none());
    }

    #[test]
    fn encodings_and_tags() {
        let with = |name: header::HeaderName, value: &str| {
            HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
        };
        for (value, expected) in
            [("gzip", true), ("br, GZIP;q=0.5", true), ("gzip;q=0", false), ("br", false)]
        {
            assert_eq!(accepts_gzip(&with(header::ACCEPT_ENCODING, value)), expected, "{value}");
        }
        for (value, expected) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("\"b\"", false),
        ] {
            assert_eq!(has(&with(header::IF_NONE_MATCH, value), "W/\"a\""), expected, "{value}");
        }
    }
}
