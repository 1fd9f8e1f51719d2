//! Serving connections by hand, because a fault may end one without a byte of answer.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};

use crate::api::process::Cut;

/// Open requests may take this long to finish after the shutdown began.
const LAST_REQUESTS: Duration = Duration::from_secs(2);
/// After an accept that failed (too many open files), so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Answers by the router until `shutdown` completes, then gives open requests two seconds.
pub(crate) async fn serve(
    router: Router,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let connections = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => open(stream, peer, &router, &connections),
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            () = &mut shutdown => break,
        }
    }
    drop(listener);
    // Whoever is still at work after that is cut off by the end of the process.
    let _ = tokio::time::timeout(LAST_REQUESTS, connections.shutdown()).await;
    Ok(())
}

fn open(stream: TcpStream, peer: SocketAddr, router: &Router, connections: &GracefulShutdown) {
    // A socket that refuses the option is only slower.
    let _ = stream.set_nodelay(true);
    let service = CuttableService { peer, router: TowerToHyperService::new(router.clone()) };
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let watched = connections.watch(connection);
    // A connection ends with an error when a fault cuts it or its client goes: both are everyday here.
    tokio::spawn(async move { drop(watched.await) });
}

/// The router as a service that fails, and so closes its connection, on a [`Cut`] response.
struct CuttableService {
    peer: SocketAddr,
    router: TowerToHyperService<Router>,
}

impl hyper::service::Service<Request<Incoming>> for CuttableService {
    type Response = Response<Body>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Response<Body>>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let answer = self.router.call(request);
        Box::pin(async move {
            let response = answer.await.unwrap_or_else(|never: Infallible| match never {});
            match response.extensions().get::<Cut>() {
                Some(Cut) => Err(io::ErrorKind::ConnectionAborted.into()),
                None => Ok(response),
            }
        })
    }
}
