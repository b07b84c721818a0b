//! What a caller has to show: being somebody who may ask, or the token.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};

use super::error::ApiError;
use crate::access::{Access, Attempts, Guesser, PERIOD, SESSION, Standing, Visitor};

/// How browsers call what they show: followed by the port, for a machine's servers share a name.
const COOKIE: &str = "procnet_";
/// The parameter of the page's address that has the token.
const PARAMETER: &str = "token=";

/// Why somebody is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// Nothing was shown that would let them in.
    Nothing,
    /// A token that is none.
    WrongToken,
    /// Too many of those.
    TooMany,
}

/// What lets callers in.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    access: Access,
    attempts: Arc<Attempts>,
}

impl Credentials {
    pub(crate) fn new(access: Access) -> Self {
        Self { access, attempts: Arc::default() }
    }

    /// Lets a request through, or says why not.
    pub(crate) fn check(&self, visitor: &Visitor, headers: &HeaderMap) -> Result<(), Denied> {
        if visitor.standing == Standing::Trusted {
            return Ok(());
        }
        let Some(token) = &self.access.token else { return Err(Denied::Nothing) };
        let port = visitor.local.port();
        let now = SystemTime::now();
        if cookies(headers, port).any(|session| token.is_session(session, port, now)) {
            return Ok(());
        }
        match bearer(headers) {
            Some(shown) => self.try_token(visitor, shown),
            None => Err(Denied::Nothing),
        }
    }

    fn try_token(&self, visitor: &Visitor, shown: &str) -> Result<(), Denied> {
        let Some(token) = &self.access.token else { return Err(Denied::Nothing) };
        let guesser = match &visitor.standing {
            Standing::Stranger(name) => Guesser::User(name.clone()),
            Standing::Trusted | Standing::Unknown(_) => Guesser::of_address(visitor.peer.ip()),
        };
        let now = Instant::now();
        if !self.attempts.may_try(&guesser, now) {
            return Err(Denied::TooMany);
        }
        if token.is(shown) {
            return Ok(());
        }
        self.attempts.failed(guesser, now);
        Err(Denied::WrongToken)
    }

    /// The answer to a browser that opens the page with a token in its address: it gets something
    /// else to show from now on, and the address without the token. `None` if it shows none.
    pub(crate) fn exchange(
        &self,
        visitor: &Visitor,
        method: &Method,
        uri: &Uri,
    ) -> Option<Result<Response, Denied>> {
        if *method != Method::GET || uri.path() != "/" {
            return None;
        }
        let shown = uri.query()?.split('&').find_map(|part| part.strip_prefix(PARAMETER))?;
        let known = self.try_token(visitor, shown);
        if visitor.standing != Standing::Trusted
            && let Err(denied) = known
        {
            return Some(Err(denied));
        }
        let mut response = StatusCode::SEE_OTHER.into_response();
        let headers = response.headers_mut();
        headers.insert(header::LOCATION, HeaderValue::from_static("/"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if known.is_ok()
            && let Some(cookie) = self.cookie(visitor.local.port())
        {
            headers.insert(header::SET_COOKIE, cookie);
        }
        Some(Ok(response))
    }

    fn cookie(&self, port: u16) -> Option<HeaderValue> {
        let session = self.access.token.as_ref()?.session(port, SystemTime::now());
        let mut text = format!(
            "{COOKIE}{port}={session}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict",
            SESSION.as_secs()
        );
        if self.access.secure {
            text.push_str("; Secure");
        }
        HeaderValue::from_str(&text).ok()
    }

    /// The answer to whoever is not served: what to do about it.
    pub(crate) fn refuse(&self, denied: Denied, visitor: &Visitor) -> ApiError {
        let mut text = match denied {
            Denied::Nothing => match &visitor.standing {
                Standing::Stranger(name) => format!("this server does not serve {name}"),
                Standing::Unknown(why) => {
                    format!("this server does not know who is asking: {why}")
                }
                Standing::Trusted => "this server serves nobody unknown".to_owned(),
            },
            Denied::WrongToken => "that is not this server's token".to_owned(),
            Denied::TooMany => {
                let text = "too many wrong tokens: wait a minute, and look at the token again";
                return ApiError::new(StatusCode::TOO_MANY_REQUESTS, text);
            }
        };
        // Writing to a string cannot fail.
        let _ = write!(text, ". {}", self.access.advice);
        ApiError::new(StatusCode::UNAUTHORIZED, text)
    }
}

/// What HTTP wants to be said with a refusal.
pub(crate) fn tell(headers: &mut HeaderMap, status: StatusCode) {
    if status == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static("Bearer realm=\"procnet\"");
        headers.insert(header::WWW_AUTHENTICATE, scheme);
    } else if status == StatusCode::TOO_MANY_REQUESTS {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(PERIOD.as_secs()));
    }
}

/// What the browser shows for the server on that port.
fn cookies(headers: &HeaderMap, port: u16) -> impl Iterator<Item = &str> {
    headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(move |cookie| {
            let (name, value) = cookie.trim().split_once('=')?;
            (name.strip_prefix(COOKIE)?.parse() == Ok(port)).then_some(value)
        })
        // The signature of each is checked: of more, some would only be there to be work.
        .take(4)
}

/// The token of `Authorization: Bearer`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::access::Token;
    use crate::crowd::Crowd;

    fn visitor(standing: Standing) -> Visitor {
        let (local, peer) = ("127.0.0.1:8765", "127.0.0.1:50000");
        let (local, peer): (SocketAddr, SocketAddr) =
            (local.parse().unwrap(), peer.parse().unwrap());
        Visitor { local, peer, standing, place: Crowd::new(1).enter(peer.ip()) }
    }

    fn stranger() -> Visitor {
        visitor(Standing::Stranger("mallory".into()))
    }

    fn headers(all: &[(header::HeaderName, String)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in all {
            map.append(name.clone(), value.parse().unwrap());
        }
        map
    }

    fn with_token(secure: bool) -> (Credentials, String) {
        let token = Token::generate().unwrap();
        let text = token.text();
        let access = Access { token: Some(token), secure, ..Access::default() };
        (Credentials::new(access), text)
    }

    #[test]
    fn by_default_only_who_is_trusted_is_served() {
        let credentials = Credentials::new(Access::default());
        let nothing = HeaderMap::new();
        assert_eq!(credentials.check(&visitor(Standing::Trusted), &nothing), Ok(()));
        for other in [stranger(), visitor(Standing::Unknown("it is away".into()))] {
            for shown in ["Bearer ", "Bearer x", "Basic Og=="] {
                let headers = headers(&[(header::AUTHORIZATION, shown.into())]);
                assert_eq!(credentials.check(&other, &headers), Err(Denied::Nothing));
            }
        }
    }

    #[test]
    fn the_token_lets_everybody_in_and_nothing_like_it_does() {
        let (credentials, token) = with_token(false);
        let ask = |values: &[String]| {
            let all: Vec<_> = values.iter().map(|v| (header::AUTHORIZATION, v.clone())).collect();
            credentials.check(&visitor(Standing::Unknown("who".into())), &headers(&all))
        };
        assert_eq!(ask(&[format!("Bearer {token}")]), Ok(()));
        assert_eq!(ask(&[format!("bearer  {token} ")]), Ok(()));
        for (wrong, denied) in [
            (vec![], Denied::Nothing),
            (vec![format!("Bearer {token}"), format!("Bearer {token}")], Denied::Nothing),
            (vec![format!("Basic {token}")], Denied::Nothing),
            (vec![token.clone()], Denied::Nothing),
            (vec!["Bearer".into()], Denied::Nothing),
            (vec![format!("Bearer {}", &token[1..])], Denied::WrongToken),
            (vec![format!("Bearer {token}0")], Denied::WrongToken),
        ] {
            assert_eq!(ask(&wrong), Err(denied), "{wrong:?}");
        }
    }

    #[test]
    fn the_address_with_the_token_becomes_a_session() {
        for secure in [false, true] {
            let (credentials, token) = with_token(secure);
            let uri = format!("/?x=1&token={token}").parse().unwrap();
            let open = |who: &Visitor| credentials.exchange(who, &Method::GET, &uri);
            let answer = open(&stranger()).unwrap().unwrap();
            assert_eq!(
                (answer.status(), &answer.headers()["location"]),
                (StatusCode::SEE_OTHER, &"/".parse().unwrap())
            );
            let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
            assert!(cookie.contains("; HttpOnly; SameSite=Strict") && !cookie.contains(&token));
            assert_eq!(cookie.contains("; Secure"), secure);
            let shown = cookie.split(';').next().unwrap();
            let ask = |cookies: &str| {
                credentials.check(&stranger(), &headers(&[(header::COOKIE, cookies.into())]))
            };
            assert_eq!(ask(shown), Ok(()));
            assert_eq!(ask(&format!("a=b; {shown};c=d")), Ok(()));
            assert_eq!(ask(&shown.replace("8765", "8766")), Err(Denied::Nothing));
            assert_eq!(ask(&format!("procnet_8765={token}")), Err(Denied::Nothing));
        }
    }

    #[test]
    fn only_the_page_takes_a_token_in_its_address() {
        let (credentials, token) = with_token(false);
        for (method, uri) in [
            (Method::POST, format!("/?token={token}")),
            (Method::GET, format!("/api/graph?token={token}")),
            (Method::GET, "/".to_owned()),
            (Method::GET, "/?tokens=1".to_owned()),
        ] {
            let uri = uri.parse().unwrap();
            assert!(credentials.exchange(&stranger(), &method, &uri).is_none(), "{uri}");
        }
        let wrong = "/?token=".parse().unwrap();
        let answer = |who: &Visitor| credentials.exchange(who, &Method::GET, &wrong).unwrap();
        assert_eq!(answer(&stranger()).unwrap_err(), Denied::WrongToken);
        let trusted = answer(&visitor(Standing::Trusted)).unwrap();
        assert!(!trusted.headers().contains_key("set-cookie"));
    }

    #[test]
    fn guessing_ends_and_locks_nobody_else_out() {
        let (credentials, token) = with_token(false);
        let show = |who: &Visitor, shown: &str| {
            let headers = headers(&[(header::AUTHORIZATION, format!("Bearer {shown}"))]);
            credentials.check(who, &headers)
        };
        let all: Vec<_> = (0..100).map(|_| show(&stranger(), "00")).collect();
        assert_eq!((all[0], all[99]), (Err(Denied::WrongToken), Err(Denied::TooMany)));
        assert_eq!(show(&stranger(), &token), Err(Denied::TooMany));
        assert_eq!(show(&visitor(Standing::Stranger("bob".into())), &token), Ok(()));
        assert_eq!(show(&visitor(Standing::Unknown("who".into())), &token), Ok(()));
        let session = credentials.cookie(8765).unwrap().to_str().unwrap().to_owned();
        let session = headers(&[(header::COOKIE, session)]);
        assert_eq!(credentials.check(&stranger(), &session), Ok(()));
    }

    #[test]
    fn refusals_say_what_to_do() {
        let access = Access { advice: "Ask alice.".into(), ..Access::default() };
        let credentials = Credentials::new(access);
        let refusal = credentials.refuse(Denied::Nothing, &stranger());
        assert_eq!(refusal.status, StatusCode::UNAUTHORIZED);
        assert_eq!(refusal.answer.error, "this server does not serve mallory. Ask alice.");
        let refusal = credentials.refuse(Denied::TooMany, &stranger());
        assert_eq!(refusal.status, StatusCode::TOO_MANY_REQUESTS);
    }
}
