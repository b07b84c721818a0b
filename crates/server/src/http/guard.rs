//! The guard on every route, streams included.
//!
//! Any web page may make a browser send requests to this machine. Three checks keep such a page
//! out: the `Host` must be a name that no other site can own (DNS rebinding), the `Origin` must
//! be our own, and `Sec-Fetch-Site` must not say that another site asks. Nothing here answers
//! with CORS headers, so no other origin can read anything either.
//!
//! Then whoever asks must be somebody who may, or have the token: see `credential`.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::extract::{Extension, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use hyper::body::{Frame, SizeHint};

use super::credential::{self, Credentials};
use super::error::ApiError;
use super::refusals::Refusals;
use crate::access::{Access, Visitor};
use crate::crowd::Busy;

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

/// Most bytes of a request's headers: browsers send one or two thousand.
const MAX_HEADER_BYTES: usize = 32 * 1024;

/// Under which names the server may be called, and by whom.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    /// Lower case: `name`, or `name:port`.
    allowed: Arc<[String]>,
    credentials: Credentials,
    refusals: Arc<Refusals>,
}

impl Guard {
    pub(crate) fn new(allowed_hosts: &[String], access: Access) -> Self {
        Self {
            allowed: allowed_hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            credentials: Credentials::new(access),
            refusals: Arc::default(),
        }
    }

    /// Lets a request through that no other web page can have caused, or says why not. `at` is where
    /// it came to.
    pub(crate) fn check(
        &self,
        at: SocketAddr,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<(), ApiError> {
        let host = only(headers, &header::HOST)
            .ok()
            .flatten()
            .filter(|host| self.is_ours(at, host))
            // A request line with a whole URL names a host as well.
            .filter(|_| {
                uri.authority().is_none_or(|authority| self.is_ours(at, authority.as_str()))
            });
        let Some(host) = host else {
            return Err(ApiError::new(
                StatusCode::MISDIRECTED_REQUEST,
                "this server answers only to localhost and to the names that it was given: open \
                 it as http://127.0.0.1 with its port, or start it with the name that you use",
            ));
        };
        let length = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
        if headers.iter().map(length).sum::<usize>() > MAX_HEADER_BYTES {
            return Err(ApiError::new(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "the request's headers are too long: send fewer cookies",
            ));
        }
        // Where a proxy and this server disagree about where a request ends, somebody's second request
        // is taken for somebody else's. No client of ours sends a body in chunks.
        if headers.contains_key(header::TRANSFER_ENCODING) {
            return Err(ApiError::new(
                StatusCode::LENGTH_REQUIRED,
                "a request's body is taken with a Content-Length only: send it without \
                 Transfer-Encoding",
            ));
        }
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

    /// True for `host`, with or without a port, if it is a loopback name, an allowed one, or the very
    /// address that the connection came to: no site can make that its own.
    fn is_ours(&self, at: SocketAddr, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let Some(name) = without_port(&host) else { return false };
        is_loopback(name)
            || address(name).is_some_and(|ip| ip.to_canonical() == at.ip().to_canonical())
            || self.allowed.iter().any(|allowed| *allowed == host || allowed == name)
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

/// The address that a host is written as, if it is one.
fn address(name: &str) -> Option<IpAddr> {
    match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        Some(inner) => inner.parse().ok().map(IpAddr::V6),
        None => name.parse().ok().map(IpAddr::V4),
    }
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
pub(crate) async fn guard(
    State(guard): State<Guard>,
    Extension(visitor): Extension<Arc<Visitor>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match guard.admit(&visitor, &request) {
        Ok(None) => {
            let busy = visitor.place.busy();
            let response = next.run(request).await;
            response.map(|body| Body::new(Attended { body, _busy: busy }))
        }
        Ok(Some(response)) => response,
        Err(refusal) => guard.refuse(&refusal, &visitor, &request),
    };
    let headers = response.headers_mut();
    for (name, value) in &HEADERS {
        headers.insert(name.clone(), HeaderValue::from_static(value));
    }
    response
}

/// The body of an answer: while it is on its way, its connection is not idle.
struct Attended {
    body: Body,
    _busy: Busy,
}

impl HttpBody for Attended {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Guard {
    /// Lets a request through, answers it at once, or says why it is refused.
    fn admit(&self, visitor: &Visitor, request: &Request) -> Result<Option<Response>, ApiError> {
        let (method, uri) = (request.method(), request.uri());
        self.check(visitor.local, method, uri, request.headers())?;
        let exchanged = self.credentials.exchange(visitor, method, uri);
        let admitted = match exchanged {
            Some(exchanged) => exchanged.map(Some),
            None => self.credentials.check(visitor, request.headers()).map(|()| None),
        };
        admitted.map_err(|denied| self.credentials.refuse(denied, visitor))
    }

    fn refuse(&self, refusal: &ApiError, visitor: &Visitor, request: &Request) -> Response {
        self.refusals.tell(refusal, visitor, request);
        let mut response =
            if is_for_reading(request) { refusal.page() } else { refusal.clone().into_response() };
        let headers = response.headers_mut();
        credential::tell(headers, refusal.status);
        // Whoever is refused keeps no connection from others.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

/// True if a person will read the answer in a browser.
fn is_for_reading(request: &Request) -> bool {
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    request.method() == Method::GET && accepts.is_some_and(|types| types.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: Method, target: &str, headers: &[(&str, &str)]) -> u16 {
        let allowed = ["Map.example.org".into(), "exact.example:99".into()];
        let guard = Guard::new(&allowed, Access::default());
        let at = "192.0.2.7:8765".parse().unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            map.append(name, value.parse().unwrap());
        }
        match guard.check(at, &method, &target.parse().unwrap(), &map) {
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
            "192.0.2.7:8765",
            "[::ffff:192.0.2.7]",
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
    fn headers_are_bounded() {
        let long = "a".repeat(MAX_HEADER_BYTES);
        let headers = [("host", "localhost"), ("x-long", long.as_str())];
        assert_eq!(check(Method::GET, "/", &headers), 431);
    }

    #[test]
    fn bodies_come_with_their_length() {
        let host = ("host", "localhost");
        let chunked = [host, ("transfer-encoding", "chunked"), ("content-length", "5")];
        assert_eq!(check(Method::POST, "/api/reload_rules", &chunked), 411);
        assert_eq!(check(Method::POST, "/api/reload_rules", &[host, ("content-length", "5")]), 200);
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
