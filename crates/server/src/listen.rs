//! Connections: bounded in number, in time, and in what they may hold.
//!
//! `axum::serve` waits for ever for the end of a request's headers and has no bound on
//! connections, so hyper is driven by hand.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::http::router;
use crate::live::Live;
use crate::options::ServerOptions;
use crate::stall::Unstalled;

/// Most connections at a time; others wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 1_024;
/// How long a client may take to send a request's headers, also between two requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a client may take nothing of what it is sent.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Most bytes that a connection buffers each way: also the limit on a request's headers.
const MAX_BUFFER: usize = 64 * 1024;
/// How long requests may go on after the end was asked for.
const GRACE: Duration = Duration::from_millis(700);
/// The pause after accepting failed, as it does when there are no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why the server cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The socket cannot be used with the runtime.
    #[error("cannot wait for connections on the listening socket")]
    Listener(#[source] io::Error),
}

/// Serves `live` on `listener` until `shutdown` is ready; then ends every stream and returns
/// within a second.
pub async fn serve(
    listener: std::net::TcpListener,
    live: Arc<Live>,
    options: ServerOptions,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    listener.set_nonblocking(true).map_err(ServeError::Listener)?;
    let listener = TcpListener::from_std(listener).map_err(ServeError::Listener)?;
    let (end, ending) = watch::channel(false);
    let router = router(live, options, ending.clone());
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &slots) => accepted,
            // Ended connections are cleared away as they end, not when the server does.
            Some(_) = connections.join_next() => continue,
        };
        if let Some((stream, slot)) = accepted {
            connections.spawn(connection(stream, router.clone(), ending.clone(), slot));
        }
    }
    drop(listener);
    end.send_replace(true);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all).await.is_err() {
        tracing::debug!(left = connections.len(), "cut off connections that did not end");
        connections.abort_all();
    }
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, slot)),
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// Waits until the server is to end.
async fn ended(ending: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, and with it the server.
    let _ = ending.wait_for(|ending| *ending).await;
}

async fn connection(
    stream: TcpStream,
    router: Router,
    mut ending: watch::Receiver<bool>,
    _slot: OwnedSemaphorePermit,
) {
    // Small events must not wait for one another; without it they are merely slower.
    let _ = stream.set_nodelay(true);
    let stream = Unstalled::new(stream, WRITE_TIMEOUT);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_BUFFER)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = ended(&mut ending) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended early");
    }
}
