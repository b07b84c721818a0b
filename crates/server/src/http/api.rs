//! The API's handlers. What waits for the driver runs on a thread that may wait.

use std::ops::Range;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use procnet_core::facet;
use procnet_core::graph::{Graph, SocketId};
use procnet_core::table::{self, Sort};
use procnet_core::view::ViewSpec;
use procnet_wire::answers::{
    ErrorAnswer, FacetList, FilterHelp, HealthAnswer, ReloadAnswer, ReloadRequest,
};
use procnet_wire::encode;
use procnet_wire::export::ExportPicture;
use procnet_wire::graph::GraphAnswer;
use procnet_wire::key::parse_process_key;
use procnet_wire::live::{DeltaMessage, HeartbeatMessage, SceneMessage};
use procnet_wire::rows::{CapabilityList, GapRow, ProcessDetails, SocketEventRow, SocketList};
use utoipa::OpenApi;

use super::assets::{program_icon, tagged_json};
use super::error::{ApiError, json_response};
use super::query::{self, SocketParameters, ViewParameters};
use super::{App, rules};
use crate::live::{LastEventId, NodeOrEdge, Subscription, json};

/// The whole description of the API.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Procnet Live",
        description = "Processes of a machine and their connections. Served on the loopback \
                       interface; answers only requests that name the server by its own name and \
                       come from no other web site.",
    ),
    paths(
        graph,
        rules::reload,
        scene,
        stream,
        export,
        sockets,
        facets,
        process,
        icon,
        capabilities,
        filter,
        openapi_json,
        health,
    ),
    components(schemas(
        DeltaMessage,
        HeartbeatMessage,
        SocketEventRow,
        GapRow,
        ReloadAnswer,
        ReloadRequest
    ))
)]
struct Description;

/// The OpenAPI document of the API, generated from its code.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// Runs what may have to wait for the driver.
async fn waiting<R: Send + 'static>(
    f: impl FnOnce() -> Result<R, ApiError> + Send + 'static,
) -> Result<R, ApiError> {
    match tokio::task::spawn_blocking(f).await {
        Ok(result) => result,
        Err(error) => {
            tracing::error!(%error, "a request failed");
            let error = "this is a bug in procnet: see its log";
            Err(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error))
        }
    }
}

/// Processes and connections as a plain graph, for scripts.
#[utoipa::path(
    get,
    path = "/api/graph",
    params(
        ("p2p_only" = Option<bool>, Query, description = "1: only edges between processes."),
        ("udp" = Option<bool>, Query, description = "1: UDP edges too."),
        ("unix" = Option<bool>, Query, description = "1: edges of UNIX sockets too."),
    ),
    responses(
        (status = 200, body = GraphAnswer),
        (status = 304, description = "Nothing changed since the `ETag` of `If-None-Match`."),
        (status = 400, body = ErrorAnswer, description = "A parameter's value is wrong. Parameters of other names are ignored."),
    )
)]
pub(crate) async fn graph(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let options = query::graph(&uri, app.live.defaults())?;
    let tagged = waiting(move || Ok(app.live.graph_json(options))).await?;
    Ok(tagged_json(tagged, &headers))
}

/// The whole scene of a view.
#[utoipa::path(
    get,
    path = "/api/v1/scene",
    params(ViewParameters),
    responses(
        (status = 200, body = SceneMessage),
        (status = 304, description = "Nothing changed since the `ETag` of `If-None-Match`."),
        (status = 400, body = ErrorAnswer, description = "A parameter is wrong."),
        (status = 503, body = ErrorAnswer, description = "Too many different views are open."),
    )
)]
pub(crate) async fn scene(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let spec = query::view(&uri)?.spec(app.live.defaults())?;
    let tagged = waiting(move || {
        let feed = app.live.feed(&spec)?;
        app.live.scene_json(&feed).ok_or_else(dropped)
    });
    Ok(tagged_json(tagged.await?, &headers))
}

/// The scene of a view and then its changes, as server-sent events: `scene` (`SceneMessage`),
/// `delta` (`DeltaMessage`), `heartbeat` (`HeartbeatMessage`, every 5 s). The id of an event is
/// `EPOCH:REVISION`; who reconnects with the last one gets what was missed.
#[utoipa::path(
    get,
    path = "/api/v1/stream",
    params(
        ViewParameters,
        ("last_event_id" = Option<String>, Query, description = "The id of the last event seen, for clients that cannot send `Last-Event-ID`."),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event seen."),
    ),
    responses(
        (status = 200, body = String, content_type = "text/event-stream"),
        (status = 400, body = ErrorAnswer, description = "A parameter is wrong."),
        (status = 503, body = ErrorAnswer, description = "Too many streams or views are open."),
    )
)]
pub(crate) async fn stream(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (view, last_in_query) = query::stream(&uri)?;
    let spec = view.spec(app.live.defaults())?;
    let permit = app.streams.clone().try_acquire_owned().map_err(|_| {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many streams are open: close other pages of this server, or ask again later",
        )
    })?;
    // A browser that reconnects by itself says it in the header; what it says there is newer.
    let last: Option<LastEventId> = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .or(last_in_query.as_deref())
        .and_then(|text| text.parse().ok());
    let live = app.live.clone();
    let feed = waiting(move || Ok(live.feed(&spec)?)).await?;
    let subscription = Subscription::new(app.live, feed, last, app.shutdown, permit);
    let events = futures_util::stream::unfold(subscription, async |mut subscription| {
        let event = subscription.next().await?;
        Some((Ok::<_, std::convert::Infallible>(event), subscription))
    });
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // For reverse proxies (nginx) that would hold events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// The scene of a view as a file for other programs.
#[utoipa::path(
    get,
    path = "/api/v1/export",
    params(
        ("format" = Option<String>, Query, description = "`json` (if left out), `csv`, `graphml`, `dot`, or `mermaid`."),
        ViewParameters,
    ),
    responses(
        (
            status = 200,
            description = "The file, as an attachment called `procnet-HOST-TIME.…`.",
            content(
                (ExportPicture = "application/json"),
                (String = "text/csv"),
                (String = "application/graphml+xml"),
                (String = "text/vnd.graphviz"),
                (String = "text/vnd.mermaid"),
            ),
        ),
        (status = 400, body = ErrorAnswer, description = "A parameter is wrong."),
        (status = 503, body = ErrorAnswer, description = "Too many different views are open."),
    )
)]
pub(crate) async fn export(State(app): State<App>, uri: Uri) -> Result<Response, ApiError> {
    let (view, format) = query::export(&uri)?;
    let spec = view.spec(app.live.defaults())?;
    let (name, text) = waiting(move || {
        let feed = app.live.feed(&spec)?;
        let picture = app.live.picture(&feed).ok_or_else(dropped)?;
        Ok((format.file_name(&picture), format.write(&picture)))
    })
    .await?;
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The name has nothing but letters, digits, dots and dashes: this cannot fail.
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// Sockets as rows: all that a view tells of by its filter, mutes and switches, also those without a
/// peer that are on no line of the map; or those behind a node or an edge of the view.
#[utoipa::path(
    get,
    path = "/api/v1/sockets",
    params(ViewParameters, SocketParameters),
    responses(
        (status = 200, body = SocketList),
        (status = 400, body = ErrorAnswer, description = "A parameter is wrong."),
        (status = 404, body = ErrorAnswer, description = "The view has no such node or edge."),
        (status = 503, body = ErrorAnswer, description = "Too many different views are open."),
    )
)]
pub(crate) async fn sockets(State(app): State<App>, uri: Uri) -> Result<Response, ApiError> {
    let (view, parameters) = query::sockets(&uri)?;
    let spec = view.spec(app.live.defaults())?;
    let body = waiting(move || sockets_json(&app, &spec, &parameters)).await?;
    Ok(json_response(body))
}

/// Ten thousand rows take a while: encoded where the other requests do not wait for it.
fn sockets_json(
    app: &App,
    spec: &ViewSpec,
    parameters: &SocketParameters,
) -> Result<Bytes, ApiError> {
    let sort = parameters.sort()?;
    let window = parameters.window();
    let (node_or_edge, what) = match (&parameters.node, &parameters.edge) {
        (None, None) => {
            let list = app.live.with_graph(|graph| {
                let told = graph
                    .sockets()
                    .filter(|(id, socket)| spec.tells_of(socket, || graph.subject(*id)));
                let ids = told.map(|(id, _)| id).collect();
                socket_list(graph, ids, sort, window)
            });
            return Ok(json(&list));
        }
        (Some(key), _) => (NodeOrEdge::Node(key), "node"),
        (None, Some(key)) => (NodeOrEdge::Edge(key), "edge"),
    };
    let feed = app.live.feed(spec)?;
    let list = app
        .live
        .sockets_behind(&feed, node_or_edge, |graph, ids| socket_list(graph, ids, sort, window))
        .ok_or_else(|| ApiError::not_found(format!("this view has no {what} of that key")))?;
    Ok(json(&list))
}

fn socket_list(
    graph: &Graph,
    ids: Vec<SocketId>,
    sort: Option<Sort>,
    window: Range<usize>,
) -> SocketList {
    let total = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    let page = table::page(graph, ids, sort, window);
    let sockets = page.into_iter().filter_map(|id| encode::socket_row(graph, id)).collect();
    SocketList { sockets, total }
}

/// What there is to filter by: values of the fields that people ask for most, with how many
/// sockets of the view have them.
#[utoipa::path(
    get,
    path = "/api/v1/facets",
    params(ViewParameters),
    responses(
        (status = 200, body = FacetList),
        (status = 400, body = ErrorAnswer, description = "A parameter is wrong."),
    )
)]
pub(crate) async fn facets(State(app): State<App>, uri: Uri) -> Result<Response, ApiError> {
    let spec = query::view(&uri)?.spec(app.live.defaults())?;
    let list = waiting(move || Ok(app.live.with_graph(|graph| facet::facets(graph, &spec))));
    Ok(json_response(json(&encode::facet_list(list.await?))))
}

/// Everything that is known of a process.
#[utoipa::path(
    get,
    path = "/api/v1/processes/{key}",
    params(("key" = String, Path, description = "`PID-START`, as in nodes and owners.")),
    responses(
        (status = 200, body = ProcessDetails),
        (status = 404, body = ErrorAnswer, description = "There is no such process (any more)."),
    )
)]
pub(crate) async fn process(
    State(app): State<App>,
    Path(key): Path<String>,
    uri: Uri,
) -> Result<Response, ApiError> {
    query::nothing(&uri)?;
    let Some(parsed) = parse_process_key(&key) else {
        let error = format!("{key:?} is no key of a process: those are PID-START");
        return Err(ApiError::not_found(error));
    };
    let details = waiting(move || {
        app.live.with_graph(|graph| encode::process_details(graph, parsed)).ok_or_else(|| {
            ApiError::not_found(format!("there is no process {key}: it has ended, or never was"))
        })
    });
    Ok(json_response(json(&details.await?)))
}

/// An icon that processes' executables bring along, as `image` of nodes names it. What it is called
/// changes with what it shows.
#[utoipa::path(
    get,
    path = "/api/v1/icons/{id}",
    params(("id" = String, Path, description = "Sixteen hexadecimal digits.")),
    responses(
        (status = 200, body = String, content_type = "image/png", description = "The picture, as PNG or as Windows' icon."),
        (status = 404, body = ErrorAnswer, description = "No process brings it along (any more)."),
    )
)]
pub(crate) async fn icon(
    State(app): State<App>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, ApiError> {
    query::nothing(&uri)?;
    let icon = waiting(move || {
        app.live
            .with_graph(|graph| graph.icon(&id).cloned())
            .ok_or_else(|| ApiError::not_found(format!("no process has the icon {id} (any more)")))
    });
    Ok(program_icon(&*icon.await?))
}

/// What the collector can and cannot see, and why.
#[utoipa::path(
    get,
    path = "/api/v1/capabilities",
    responses((status = 200, body = CapabilityList))
)]
pub(crate) async fn capabilities(State(app): State<App>, uri: Uri) -> Result<Response, ApiError> {
    query::nothing(&uri)?;
    let list = waiting(move || {
        let mut list = app.live.with_graph(encode::capability_list);
        let more = app.live.more_capabilities();
        list.capabilities.extend(more.iter().map(encode::capability_row));
        Ok(list)
    })
    .await?;
    Ok(json_response(json(&list)))
}

/// The fields of the filter language.
#[utoipa::path(get, path = "/api/v1/filter", responses((status = 200, body = FilterHelp)))]
pub(crate) async fn filter(uri: Uri) -> Result<Response, ApiError> {
    query::nothing(&uri)?;
    Ok(json_response(json(&encode::filter_help())))
}

/// This document.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    responses((status = 200, body = Object))
)]
pub(crate) async fn openapi_json(uri: Uri) -> Result<Response, ApiError> {
    query::nothing(&uri)?;
    Ok(json_response(json(&openapi())))
}

/// Says that the server is alive.
#[utoipa::path(get, path = "/healthz", responses((status = 200, body = HealthAnswer)))]
pub(crate) async fn health(State(app): State<App>) -> Result<Response, ApiError> {
    let streams = u32::try_from(app.open_streams()).unwrap_or(u32::MAX);
    let health = waiting(move || {
        let version = app.live.host().version.clone();
        Ok(app.live.with_graph(|graph| HealthAnswer {
            ok: true,
            version,
            at: graph.at().as_millis(),
            processes: u32::try_from(graph.process_count()).unwrap_or(u32::MAX),
            sockets: u32::try_from(graph.socket_count()).unwrap_or(u32::MAX),
            streams,
        }))
    });
    Ok(json_response(json(&health.await?)))
}

/// The view was dropped between finding it and asking it: many are opened at once.
fn dropped() -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "too many views are opened at once: ask again")
}
