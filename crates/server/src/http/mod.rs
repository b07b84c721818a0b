//! Routes.

mod api;
mod assets;
mod credential;
mod error;
mod guard;
mod query;
mod refusals;
mod rules;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tokio::sync::{Semaphore, watch};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

pub use api::openapi;
pub use assets::page_licences;
use guard::Guard;
#[cfg(any(test, fuzzing))]
pub use query::routes_that_take;

use crate::live::{IconDirectory, Live};
use crate::options::{ReloadRules, ServerOptions};

/// Most streams at a time.
const MAX_STREAMS: usize = 1_200;
/// Largest body of a request.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) live: Arc<Live>,
    pub(crate) icons: Option<IconDirectory>,
    pub(crate) reload_rules: Option<ReloadRules>,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) most_streams: usize,
    pub(crate) shutdown: watch::Receiver<bool>,
}

impl App {
    /// How many streams are open.
    pub(crate) fn open_streams(&self) -> usize {
        self.most_streams - self.streams.available_permits()
    }
}

/// Everything that the server answers, over so many connections at most. `shutdown` turns true when it ends.
pub(crate) fn router(
    live: Arc<Live>,
    options: ServerOptions,
    most_connections: usize,
    shutdown: watch::Receiver<bool>,
) -> Router {
    let ServerOptions { icons_dir, reload_rules, allowed_hosts, access, .. } = options;
    let icons = icons_dir.map(IconDirectory::new);
    if let Some(icons) = &icons {
        live.set_icons(icons.clone());
    }
    assets::log_manifest();
    // Streams stay: there must be room for others.
    let most_streams = MAX_STREAMS.min(most_connections.div_ceil(2));
    let streams = Arc::new(Semaphore::new(most_streams));
    let app = App { live, icons, reload_rules, streams, most_streams, shutdown };
    // On this machine bytes are cheap and time is not.
    let compression = CompressionLayer::new().gzip(true).quality(CompressionLevel::Fastest);
    let compressed = Router::new()
        .route("/api/graph", get(api::graph))
        .route("/api/v1/scene", get(api::scene))
        .route("/api/v1/export", get(api::export))
        .route("/api/v1/sockets", get(api::sockets))
        .route("/api/v1/facets", get(api::facets))
        .route("/api/v1/processes/{key}", get(api::process))
        .route("/api/v1/openapi.json", get(api::openapi_json))
        .layer(compression);
    Router::new()
        .merge(compressed)
        .route("/api/v1/stream", get(api::stream))
        .route("/api/v1/capabilities", get(api::capabilities))
        .route("/api/v1/icons/{id}", get(api::icon))
        .route("/api/v1/filter", get(api::filter))
        .route("/api/reload_rules", post(rules::reload))
        .route("/healthz", get(api::health))
        .route("/assets/{name}", get(assets::icon))
        .fallback(assets::embedded)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn_with_state(Guard::new(&allowed_hosts, access), guard::guard))
        .with_state(app)
}
