//! Reading the rules again.

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use procnet_wire::answers::{ReloadAnswer, ReloadRequest};

use super::error::json_response;
use super::{App, MAX_BODY_BYTES, query};
use crate::live::json;

/// How long a client may take to send the body.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// Reads the rule file again that was named at start. No other: a path from the network would
/// let a stranger probe the disk.
#[utoipa::path(
    post,
    path = "/api/reload_rules",
    params(("path" = Option<String>, Query, description = "The rule file that was named at start; may be left out.")),
    request_body(content = Option<ReloadRequest>, description = "May be left out."),
    responses(
        (status = 200, body = ReloadAnswer, description = "The rules were read and are in force."),
        (status = 400, body = ReloadAnswer, description = "They were not; those in force stay."),
        (status = 403, body = ReloadAnswer, description = "Another file was asked for."),
    )
)]
pub(crate) async fn reload(State(app): State<App>, request: Request) -> Response {
    let from_query = query::path(request.uri());
    let body = tokio::time::timeout(BODY_TIMEOUT, to_bytes(request.into_body(), MAX_BODY_BYTES));
    let body = match body.await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return refuse(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"),
        Err(_) => return refuse(StatusCode::REQUEST_TIMEOUT, "the body did not arrive"),
    };
    let from_body = if body.trim_ascii().is_empty() {
        None
    } else {
        match serde_json::from_slice::<ReloadRequest>(&body) {
            Ok(request) => request.path,
            Err(_) => {
                let error = "the body is no JSON object such as {\"path\": \"rules.yaml\"}: leave it \
                             out, or name the rule file of the start in it";
                return refuse(StatusCode::BAD_REQUEST, error);
            }
        }
    };
    let Some(rules) = app.reload_rules else {
        let error = "no rule file was named at start: start with --rules FILE";
        return refuse(StatusCode::BAD_REQUEST, error);
    };
    if let Some(other) = from_query.iter().chain(&from_body).find(|path| !rules.names(path)) {
        let error = format!(
            "{other:?} is not the rule file that was named at start: leave the path out, or \
             start with --rules and that file"
        );
        return refuse(StatusCode::FORBIDDEN, &error);
    }
    let file = rules.file().to_owned();
    match tokio::task::spawn_blocking(move || rules.reload()).await {
        Ok(Ok(count)) => {
            // Whoever gave the closure tells the user.
            tracing::debug!(file = %file.display(), rules = count, "read the rules again");
            let rules = Some(u32::try_from(count).unwrap_or(u32::MAX));
            json_response(json(&ReloadAnswer { ok: true, rules, error: None }))
        }
        Ok(Err(error)) => refuse(StatusCode::BAD_REQUEST, &error),
        Err(_) => {
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "reading the rules failed: see the log")
        }
    }
}

fn refuse(status: StatusCode, error: &str) -> Response {
    tracing::warn!(status = status.as_u16(), "did not read the rules again: {error}");
    let answer = ReloadAnswer { ok: false, rules: None, error: Some(error.to_owned()) };
    let mut response = json_response(json(&answer));
    *response.status_mut() = status;
    response
}
