//! Refusals: always JSON that says what to do.

use std::fmt;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use procnet_core::filter::FilterError;
use procnet_wire::answers::ErrorAnswer;

use crate::live::{TooManyViews, json};

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) answer: ErrorAnswer,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self {
            status,
            answer: ErrorAnswer { error: error.into(), position: None, suggestion: None },
        }
    }

    pub(crate) fn bad_request(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    pub(crate) fn not_found(error: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, error)
    }

    /// What is wrong with `text`, a filter.
    pub(crate) fn filter(text: &str, error: &FilterError) -> Self {
        let units = |bytes: usize| {
            let before = text.get(..bytes).unwrap_or(text);
            u32::try_from(before.encode_utf16().count()).unwrap_or(u32::MAX)
        };
        let position = [units(error.position.start), units(error.position.end)];
        let answer = ErrorAnswer {
            error: error.message.clone(),
            position: Some(position),
            suggestion: error.suggestion.clone(),
        };
        Self { status: StatusCode::BAD_REQUEST, answer }
    }
}

impl ApiError {
    /// The refusal as a page, for a person whose browser would show JSON otherwise.
    pub(crate) fn page(&self) -> Response {
        let mut text = String::new();
        for character in self.answer.error.chars() {
            match character {
                '&' => text.push_str("&amp;"),
                '<' => text.push_str("&lt;"),
                '>' => text.push_str("&gt;"),
                '"' => text.push_str("&quot;"),
                character => text.push(character),
            }
        }
        // The link is our own page's: with it the browser shows what lets it in, which it keeps back
        // where another site's link led here.
        let page = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
             <meta name=\"color-scheme\" content=\"light dark\">\
             <title>Procnet Live</title><h1>Procnet Live</h1><p>{text}</p>\
             <p><a href=\"/\">Try again</a></p></html>\n"
        );
        let mut response = json_response(page.into());
        let content_type = HeaderValue::from_static("text/html; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        *response.status_mut() = self.status;
        response
    }
}

impl From<TooManyViews> for ApiError {
    fn from(error: TooManyViews) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.answer.error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = json_response(json(&self.answer));
        *response.status_mut() = self.status;
        response
    }
}

/// The router adds the `Allow` header.
pub(crate) async fn method_not_allowed() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "this address does not take that method: see the Allow header for those that it takes",
    )
}

/// An answer that is JSON and is never kept.
pub(crate) fn json_response(body: bytes::Bytes) -> Response {
    let mut response = Response::new(axum::body::Body::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_page_of_a_refusal_is_text_whatever_is_in_it() {
        let error = ApiError::new(StatusCode::UNAUTHORIZED, "<script>\"&\"</script>");
        let response = error.page();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        let body = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(text.contains("<p>&lt;script&gt;&quot;&amp;&quot;&lt;/script&gt;</p>"), "{text}");
    }

    #[test]
    fn positions_count_as_javascript_does() {
        let text = "𝄞é port:x";
        let error = FilterError { message: "m".into(), position: 7..13, suggestion: None };
        assert_eq!(&text[7..13], "port:x");
        assert_eq!(ApiError::filter(text, &error).answer.position, Some([4, 10]));
    }
}
