//! Connections: bounded in number, in time, and in what they may hold.
//!
//! `axum::serve` waits for ever for the end of a request's headers and has no bound on
//! connections, so hyper is driven by hand.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::access::{Standing, Visitor, WhoAsks};
use crate::beginning::Begun;
use crate::crowd::{Crowd, Place};
use crate::http::router;
use crate::live::Live;
use crate::options::ServerOptions;
use crate::stall::Unstalled;
use crate::tls::Tls;

/// Most connections at a time, where the system has descriptors for them.
const MAX_CONNECTIONS: usize = 4_096;
/// How long a client may take to send a request's headers, also between two requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a client may take nothing of what it is sent.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take to agree on TLS.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// How many connections the system is asked about at once: it needs microseconds for each.
const MAX_LOOKUPS: usize = 2;
/// Most bytes that a connection buffers each way: also the limit on a request's headers.
const MAX_BUFFER: usize = 64 * 1024;
/// How long requests may go on after the end was asked for.
const GRACE: Duration = Duration::from_millis(700);
/// So many connections leave memory behind that is worth giving back.
const MANY: usize = 256;
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
    let tls = options.tls.as_ref().map(Tls::acceptor);
    let who_asks = options.access.who_asks.clone();
    let give_back = options.give_back;
    let most = options.connections.unwrap_or(MAX_CONNECTIONS).min(MAX_CONNECTIONS);
    let crowd = Crowd::new(most);
    let router = router(live, options, most, ending.clone());
    let lookups = Arc::new(Semaphore::new(MAX_LOOKUPS));
    let service = Service { router, tls, who_asks, lookups };
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    let mut most_at_once = 0;
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &crowd) => accepted,
            // Ended connections are cleared away as they end, not when the server does.
            Some(_) = connections.join_next() => {
                if most_at_once >= MANY && connections.len() < most_at_once / 8 {
                    most_at_once = connections.len();
                    if let Some(give_back) = give_back {
                        // It takes a while, and nobody waits for it.
                        drop(tokio::task::spawn_blocking(give_back));
                    }
                }
                continue;
            }
        };
        if let Some((stream, peer)) = accepted {
            let place = crowd.enter(peer.ip());
            connections.spawn(connection(stream, peer, service.clone(), ending.clone(), place));
            most_at_once = most_at_once.max(connections.len());
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

/// The next connection; whoever comes while there is no room waits in the kernel's queue.
async fn accept(listener: &TcpListener, crowd: &Crowd) -> Option<(TcpStream, SocketAddr)> {
    crowd.room().await;
    match listener.accept().await {
        Ok(accepted) => Some(accepted),
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection");
            // Most likely there are no descriptors left.
            crowd.send_one_away();
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

/// One connection, from its beginning to its end.
async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    service: Service,
    mut ending: watch::Receiver<bool>,
    place: Place,
) {
    // Small events must not wait for one another; without it they are merely slower.
    let _ = stream.set_nodelay(true);
    let Ok(local) = stream.local_addr() else { return };
    let standing = service.standing(local, peer).await;
    match standing {
        Standing::Trusted => place.proven(),
        Standing::Stranger(_) | Standing::Unknown(_) => place.unproven(),
    }
    let visitor = Arc::new(Visitor { local, peer, standing, place });
    let router =
        Introduced { router: TowerToHyperService::new(service.router), visitor: visitor.clone() };
    let serving = async {
        // Who says nothing costs no more than a socket.
        if !says_something(&stream, &mut ending).await {
            return Ok(());
        }
        // On the heap, so that those who say too little take no room for it.
        if let Some(tls) = service.tls {
            let stream = Unstalled::new(stream, WRITE_TIMEOUT);
            return Box::pin(encrypted(tls, stream, router, ending)).await;
        }
        let begun = tokio::select! {
            begun = Begun::begin(stream, HEADER_TIMEOUT) => begun,
            () = ended(&mut ending) => None,
        };
        let Some(begun) = begun else { return Ok(()) };
        Box::pin(converse(Unstalled::new(begun, WRITE_TIMEOUT), router, ending)).await
    };
    tokio::select! {
        result = serving => {
            if let Err(error) = result {
                tracing::debug!(%error, "a connection ended early");
            }
        }
        () = visitor.place.told_to_leave() => tracing::debug!(%peer, "gave a place to another"),
    }
}

/// Waits until there is something to read: false if that takes too long, or the server ends.
async fn says_something(stream: &TcpStream, ending: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        readable = tokio::time::timeout(HEADER_TIMEOUT, stream.readable()) => {
            matches!(readable, Ok(Ok(())))
        }
        () = ended(ending) => false,
    }
}

/// Agrees on TLS, and answers.
async fn encrypted(
    tls: TlsAcceptor,
    stream: Unstalled<TcpStream>,
    router: Introduced,
    ending: watch::Receiver<bool>,
) -> hyper::Result<()> {
    match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
        Ok(Ok(stream)) => converse(stream, router, ending).await,
        Ok(Err(error)) => {
            tracing::debug!(%error, "no TLS came to be");
            Ok(())
        }
        Err(_) => Ok(()),
    }
}

/// Answers the requests of one connection.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    router: Introduced,
    mut ending: watch::Receiver<bool>,
) -> hyper::Result<()> {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_BUFFER)
        .serve_connection(TokioIo::new(stream), router);
    let mut connection = pin!(connection);
    tokio::select! {
        result = connection.as_mut() => result,
        () = ended(&mut ending) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

/// What every connection needs.
#[derive(Clone)]
struct Service {
    router: Router,
    tls: Option<TlsAcceptor>,
    who_asks: Option<Arc<WhoAsks>>,
    lookups: Arc<Semaphore>,
}

impl Service {
    /// Who is at the other end, asked in a thread that may wait.
    async fn standing(&self, local: SocketAddr, peer: SocketAddr) -> Standing {
        let unknown = |why: &str| Standing::Unknown(why.to_owned());
        let Some(who_asks) = self.who_asks.clone() else {
            return unknown("it asks nobody who they are");
        };
        let Ok(_turn) = self.lookups.acquire().await else { return unknown("it is ending") };
        let asked = tokio::task::spawn_blocking(move || who_asks(local, peer)).await;
        asked.unwrap_or_else(|_| unknown("asking the system failed"))
    }
}

/// The routes, for whoever is at the other end of one connection.
struct Introduced {
    router: TowerToHyperService<Router>,
    visitor: Arc<Visitor>,
}

impl hyper::service::Service<http::Request<Incoming>> for Introduced {
    type Response = axum::response::Response;
    type Error = Infallible;
    type Future =
        <TowerToHyperService<Router> as hyper::service::Service<http::Request<Incoming>>>::Future;

    fn call(&self, mut request: http::Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(Arc::clone(&self.visitor));
        self.router.call(request)
    }
}
