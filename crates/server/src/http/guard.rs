//! The guard on every route, streams included.
//!
//! Any web page may make a browser send requests to this machine. Three checks keep such a page
//! out: the `Host` must be a name that no other site can own (DNS rebinding), the `Origin` must
//! be our own, and `Sec-Fetch-Site` must not say that another site asks. Nothing here answers
//! with CORS headers, so no other origin can read anything either.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use super::error::ApiError;

/// The headers on every answer.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; worker-src 'self'; font-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
         magnetometer=(), microphone=(), payment=(), usb=()",
    ),
];

/// Under which names the server may be called.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    /// Lower case: `name`, or `name:port`.
    allowed: Arc<[String]>,
}

impl Guard {
    pub(crate) fn new(allowed_hosts: &[String]) -> Self {
        Self { allowed: allowed_hosts.iter().map(|host| host.to_ascii_lowercase()).collect() }
    }

    /// Lets a request through, or says why not.
    pub(crate) fn check(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<(), ApiError> {
        let host = only(headers, &header::HOST)
            .ok()
            .flatten()
            .filter(|host| self.is_ours(host))
            // A request line with a whole URL names a host as well.
            .filter(|_| uri.authority().is_none_or(|authority| self.is_ours(authority.as_str())));
        let Some(host) = host else {
            return Err(ApiError::new(
                StatusCode::MISDIRECTED_REQUEST,
                "this server answers only to localhost and to the names that it was given: open \
                 it as http://127.0.0.1 with its port, or start it with the name that you use",
            ));
        };
        let foreign = |what: &str| {
            Err(ApiError::new(
                StatusCode::FORBIDDEN,
                format!("{what}: only the page that this server itself serves may ask it"),
            ))
        };
        match only(headers, &header::ORIGIN) {
            Ok(None) => {}
            Ok(Some(origin)) if is_origin_of(origin, host) => {}
            _ => return foreign("the request comes from another web page"),
        }
        let Ok(site) = only(headers, &HeaderName::from_static("sec-fetch-site")) else {
            return foreign("the request says twice where it comes from");
        };
        let fetch = |name: &'static str, value: &str| {
            headers
                .get(HeaderName::from_static(name))
                .is_some_and(|v| v.as_bytes() == value.as_bytes())
        };
        // Following a link or typing an address: the page that linked cannot read the answer.
        let navigation = matches!(*method, Method::GET | Method::HEAD)
            && fetch("sec-fetch-mode", "navigate")
            && fetch("sec-fetch-dest", "document");
        match site {
            None | Some("same-origin" | "none") => Ok(()),
            Some("same-site") if navigation => Ok(()),
            Some("cross-site") if navigation && uri.path() == "/" => Ok(()),
            Some(_) => foreign("the request comes from another web site"),
        }
    }

    /// True for `host`, with or without a port, if it is a loopback name or an allowed one.
    fn is_ours(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let Some(name) = without_port(&host) else { return false };
        is_loopback(name) || self.allowed.iter().any(|allowed| *allowed == host || allowed == name)
    }
}

/// The one value of a header; an error if there are several, or if it is not text.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(());
    }
    first.map(|value| value.to_str().map_err(|_| ())).transpose()
}

/// The name or address of `host[:port]`; an IPv6 address keeps its brackets.
fn without_port(host: &str) -> Option<&str> {
    let (name, port) = match host.rfind(']') {
        Some(end) => host.split_at_checked(end + 1)?,
        None => host.find(':').map_or(Some((host, "")), |colon| host.split_at_checked(colon))?,
    };
    let port_is_good = match port.strip_prefix(':') {
        Some(digits) => digits.bytes().all(|b| b.is_ascii_digit()) && digits.len() <= 5,
        None => port.is_empty(),
    };
    (port_is_good && !name.is_empty()).then_some(name)
}

/// `localhost` and its subdomains (RFC 6761 section 6.3) and the loopback addresses.
fn is_loopback(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    if let Some(address) = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok_and(|ip| ip.is_loopback());
    }
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv4() && ip.is_loopback())
}

/// True if `origin` (RFC 6454) is this very server as the client calls it. Behind a proxy that
/// speaks TLS the scheme may be `https`.
fn is_origin_of(origin: &str, host: &str) -> bool {
    ["http://", "https://"]
        .into_iter()
        .filter_map(|scheme| origin.strip_prefix(scheme))
        .any(|authority| authority.eq_ignore_ascii_case(host))
}

/// The guard as middleware.
pub(crate) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let mut response = match guard.check(request.method(), request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            tracing::warn!(
                method = %request.method(),
                path = request.uri().path(),
                status = refusal.status.as_u16(),
                "refused a request: {refusal}"
            );
            refusal.into_response()
        }
    };
    let headers = response.headers_mut();
    for (name, value) in &HEADERS {
        headers.insert(name.clone(), HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: Method, target: &str, headers: &[(&str, &str)]) -> u16 {
        let guard = Guard::new(&["Map.example.org".into(), "exact.example:99".into()]);
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            map.append(name, value.parse().unwrap());
        }
        match guard.check(&method, &target.parse().unwrap(), &map) {
            Ok(()) => 200,
            Err(refusal) => refusal.status.as_u16(),
        }
    }

    #[test]
    fn only_loopback_and_allowed_hosts() {
        for host in [
            "localhost",
            "LOCALHOST:8765",
            "localhost.:1",
            "app.localhost",
            "127.0.0.1",
            "127.0.0.1:8765",
            "127.9.9.9:1",
            "[::1]",
            "[::1]:8765",
            "map.example.org",
            "MAP.example.org:1234",
            "exact.example:99",
        ] {
            assert_eq!(check(Method::GET, "/api/graph", &[("host", host)]), 200, "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:8765",
            "localhost.evil.example",
            "notlocalhost",
            "127.0.0.1.evil.example",
            "127.0.0.1:port",
            "127.0.0.1:",
            "127.1",
            "0.0.0.0",
            "10.0.0.1:8765",
            "[::]",
            "[::2]:8765",
            "::1",
            "user@localhost",
            "localhost:8765@evil.example",
            "exact.example",
            "exact.example:98",
            "sub.map.example.org",
        ] {
            let expected = if host == "127.0.0.1:" { 200 } else { 421 };
            assert_eq!(check(Method::GET, "/", &[("host", host)]), expected, "{host:?}");
        }
        assert_eq!(check(Method::GET, "/", &[]), 421);
        assert_eq!(
            check(Method::GET, "/", &[("host", "localhost"), ("host", "evil.example")]),
            421
        );
        assert_eq!(check(Method::GET, "http://evil.example/", &[("host", "localhost")]), 421);
        assert_eq!(check(Method::GET, "http://localhost/", &[("host", "localhost")]), 200);
    }

    #[test]
    fn only_our_own_origin() {
        let host = ("host", "127.0.0.1:8765");
        for (origin, expected) in [
            ("http://127.0.0.1:8765", 200),
            ("https://127.0.0.1:8765", 200),
            ("http://127.0.0.1:3000", 403),
            ("http://localhost:8765", 403),
            ("http://evil.example", 403),
            ("null", 403),
            ("", 403),
            ("file://", 403),
            ("http://127.0.0.1:8765.evil.example", 403),
        ] {
            for method in [Method::GET, Method::POST] {
                let status = check(method, "/api/reload_rules", &[host, ("origin", origin)]);
                assert_eq!(status, expected, "{origin:?}");
            }
        }
        let twice =
            [host, ("origin", "http://127.0.0.1:8765"), ("origin", "http://127.0.0.1:8765")];
        assert_eq!(check(Method::GET, "/", &twice), 403);
    }

    #[test]
    fn other_sites_may_link_to_the_page_and_nothing_else() {
        let host = ("host", "localhost:8765");
        for (method, path, site, mode, dest, expected) in [
            (Method::GET, "/api/graph", "same-origin", "cors", "empty", 200),
            (Method::GET, "/", "none", "navigate", "document", 200),
            (Method::GET, "/", "cross-site", "navigate", "document", 200),
            (Method::GET, "/", "same-site", "navigate", "document", 200),
            (Method::GET, "/api/graph", "same-site", "navigate", "document", 200),
            (Method::GET, "/api/graph", "cross-site", "navigate", "document", 403),
            (Method::GET, "/", "cross-site", "navigate", "iframe", 403),
            (Method::GET, "/", "same-site", "navigate", "iframe", 403),
            (Method::GET, "/", "cross-site", "no-cors", "image", 403),
            (Method::POST, "/", "cross-site", "navigate", "document", 403),
            (Method::POST, "/api/reload_rules", "same-site", "navigate", "document", 403),
            (Method::GET, "/api/v1/stream", "cross-site", "cors", "empty", 403),
            (Method::GET, "/api/v1/stream", "same-site", "cors", "empty", 403),
            (Method::GET, "/ui/a.js", "cross-site", "no-cors", "script", 403),
            (Method::GET, "/", "Cross-Site", "no-cors", "script", 403),
        ] {
            let headers = [
                host,
                ("sec-fetch-site", site),
                ("sec-fetch-mode", mode),
                ("sec-fetch-dest", dest),
            ];
            assert_eq!(
                check(method.clone(), path, &headers),
                expected,
                "{method} {path} {site} {mode} {dest}"
            );
        }
    }
}
