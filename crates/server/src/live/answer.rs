//! Whole answers, encoded: the scene and `/api/graph`.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use bytes::Bytes;
use procnet_core::graph::SocketId;
use procnet_wire::encode::{self, Surroundings};
use procnet_wire::export::ExportPicture;
use procnet_wire::graph::{GraphOptions, graph_answer};
use procnet_wire::live::{SceneMessage, ToggleInfo};
use serde::Serialize;

use super::feed::{Cursor, event};
use super::{Feed, Live, State, VIEW_LINGERS, locked};

/// JSON, ready to send.
pub(crate) type Body = Bytes;

/// JSON with the tag by which a client can say that it has it already.
#[derive(Clone, Debug)]
pub(crate) struct Tagged {
    pub(crate) body: Body,
    pub(crate) etag: String,
}

impl Tagged {
    /// Tagged by its content: what looks the same is the same.
    pub(crate) fn by_content(body: Body) -> Self {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let etag = format!("W/\"{:016x}.{:x}\"", hasher.finish(), body.len());
        Self { body, etag }
    }
}

/// The last `/api/graph` for each combination of its options.
#[derive(Debug, Default)]
pub(super) struct GraphCache(Vec<(GraphOptions, u64, Tagged)>);

impl GraphCache {
    fn get(&self, options: GraphOptions, generation: u64) -> Option<&Tagged> {
        let same = |(of, at, _): &&(GraphOptions, u64, Tagged)| *of == options && *at == generation;
        self.0.iter().find(same).map(|(_, _, tagged)| tagged)
    }

    fn put(&mut self, options: GraphOptions, generation: u64, tagged: Tagged) {
        self.0.retain(|(of, _, _)| *of != options);
        self.0.push((options, generation, tagged));
    }
}

impl Live {
    /// `/api/graph`, encoded once for all who ask before something changes.
    pub(crate) fn graph_json(&self, options: GraphOptions) -> Tagged {
        if options.unix {
            self.unix.ask(VIEW_LINGERS);
        }
        let state = self.read();
        let generation = state.generation;
        if let Some(tagged) = locked(&self.graphs).get(options, generation) {
            return tagged.clone();
        }
        let image = |name: &str| self.image(name);
        let answer = graph_answer(state.engine.graph(), &state.memory, options, &image, state.now);
        // Writing it down must not hold up the driver.
        drop(state);
        let tagged = Tagged::by_content(json(&answer));
        locked(&self.graphs).put(options, generation, tagged.clone());
        tagged
    }

    /// `/api/v1/scene`.
    pub(crate) fn scene_json(&self, feed: &Arc<Feed>) -> Option<Tagged> {
        // Taken first: if something is published in between, the tag is older than the body, and
        // the client merely asks once more.
        let etag = feed.etag();
        let (message, _) = self.scene(feed)?;
        Some(Tagged { body: json(&message), etag })
    }

    /// What `/api/v1/export` writes down.
    pub(crate) fn picture(&self, feed: &Arc<Feed>) -> Option<ExportPicture> {
        let (message, _) = self.scene(feed)?;
        Some(ExportPicture::of(&message))
    }

    /// The `scene` event, and what a client has after it.
    pub(crate) fn scene_event(&self, feed: &Arc<Feed>) -> Option<(Bytes, Cursor)> {
        if let Some(known) = feed.recent_scene() {
            return Some(known);
        }
        let (message, cursor) = self.scene(feed)?;
        let id = Some((message.epoch.as_str(), message.revision));
        let bytes = event("scene", id, &message);
        feed.share_scene(bytes.clone(), cursor.clone());
        Some((bytes, cursor))
    }

    /// `None` if the view was dropped for want of clients.
    fn scene(&self, feed: &Arc<Feed>) -> Option<(SceneMessage, Cursor)> {
        let state = self.read();
        let slot = state.slot(feed)?;
        // Under the lock of the world nothing is published: scene and cursor belong together.
        let cursor = feed.cursor();
        let around = feed.surroundings();
        let spec = slot.view.spec();
        let message = encode::scene_message(
            slot.view.scene(),
            feed.epoch(),
            state.engine.graph().at(),
            &self.host,
            Surroundings {
                grouping: &around.grouping,
                toggles: ToggleInfo {
                    p2p_only: spec.p2p_only,
                    udp: spec.udp,
                    unix: spec.unix,
                    listeners: spec.listeners,
                },
                legend: &around.legend,
                degradations: &around.degradations,
            },
        );
        Some((message, cursor))
    }

    /// The sockets behind a node or an edge of a view; `None` if there is no such thing.
    pub(crate) fn sockets_behind<R>(
        &self,
        feed: &Arc<Feed>,
        node_or_edge: NodeOrEdge<'_>,
        f: impl FnOnce(&procnet_core::graph::Graph, Vec<SocketId>) -> R,
    ) -> Option<R> {
        let state: &State = &self.read();
        let view = &state.slot(feed)?.view;
        let graph = state.engine.graph();
        let sockets = match node_or_edge {
            NodeOrEdge::Node(key) => view.sockets_of_node(graph, key)?,
            NodeOrEdge::Edge(key) => view.sockets_of_edge(graph, key)?,
        };
        Some(f(graph, sockets))
    }
}

/// Something drawn, by its key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NodeOrEdge<'a> {
    Node(&'a str),
    Edge(&'a str),
}

/// The JSON form. Our answers are plain structs of strings and numbers: this cannot fail.
pub(crate) fn json(value: &impl Serialize) -> Body {
    match serde_json::to_vec(value) {
        Ok(text) => Bytes::from(text),
        Err(error) => {
            tracing::error!(%error, "cannot encode an answer");
            Bytes::from_static(b"null")
        }
    }
}
