//! A proxy with an address of its own, as a team that has one puts before WeChat's whitelist.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::PROXY_AUTHORIZATION;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, client, server, upgrade};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};
use tokio::task::JoinSet;

/// The address that the proxy's own connections come from: another one than everybody else's on this machine, where the
/// whole of 127.0.0.0/8 is the machine.
pub const ADDRESS: &str = "127.0.0.2";

/// A proxy that forwards requests in absolute form and opens tunnels on CONNECT; it ends when it is dropped.
pub struct Proxy {
    /// Its address, without who may use it.
    pub at: String,
    state: Arc<State>,
    _serving: JoinSet<()>,
}

struct State {
    /// What has to stand in `Proxy-Authorization`; `None`, anybody may use it.
    authorization: Option<String>,
    /// What it answers instead of doing what it is asked for.
    refusal: Mutex<Option<StatusCode>>,
    seen: Mutex<Vec<String>>,
}

impl Proxy {
    /// One that anybody may use, or whoever has this `Proxy-Authorization`.
    pub async fn start(authorization: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let at = listener.local_addr().expect("an address").to_string();
        let state = State {
            authorization: authorization.map(str::to_owned),
            refusal: Mutex::default(),
            seen: Mutex::default(),
        };
        let (state, mut serving) = (Arc::new(state), JoinSet::new());
        serving.spawn(serve(listener, Arc::clone(&state)));
        Self { at, state, _serving: serving }
    }

    /// Answers everything with this from now on; `None` ends it.
    pub fn refuse(&self, status: Option<u16>) {
        let status = status.map(|status| StatusCode::from_u16(status).expect("a status"));
        *self.state.refusal.lock() = status;
    }

    /// What it was asked for so far: the paths of requests, the hosts of tunnels.
    pub fn seen(&self) -> Vec<String> {
        self.state.seen.lock().clone()
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        connections.spawn(async move {
            let answer = service_fn(move |request| {
                let state = Arc::clone(&state);
                async move { answer(&state, request).await }
            });
            let connection =
                server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
            // It ends with an error when the client goes.
            drop(connection.with_upgrades().await);
        });
    }
}

/// # Errors
/// When WeChat cuts the connection off, which is cut off to whoever asked, too.
async fn answer(state: &State, request: Request<Incoming>) -> io::Result<Response<reqwest::Body>> {
    let place = if request.method() == Method::CONNECT {
        request.uri().to_string()
    } else {
        request.uri().path().to_owned()
    };
    state.seen.lock().push(place);
    let refusal = *state.refusal.lock();
    let given = request.headers().get(PROXY_AUTHORIZATION).and_then(|given| given.to_str().ok());
    let is_known = state.authorization.is_none() || state.authorization.as_deref() == given;
    match refusal {
        Some(status) => Ok(said(status)),
        None if !is_known => Ok(said(StatusCode::PROXY_AUTHENTICATION_REQUIRED)),
        None => relay(request).await,
    }
}

fn said(status: StatusCode) -> Response<reqwest::Body> {
    let mut response = Response::new(reqwest::Body::default());
    *response.status_mut() = status;
    response
}

async fn relay(request: Request<Incoming>) -> io::Result<Response<reqwest::Body>> {
    let to = request.uri().authority().ok_or(io::ErrorKind::InvalidInput)?.to_string();
    let Ok(mut to) = connect(&to).await else { return Ok(said(StatusCode::BAD_GATEWAY)) };
    if request.method() == Method::CONNECT {
        tokio::spawn(async move {
            let from = upgrade::on(request).await.expect("a client that waits for its tunnel");
            drop(copy_bidirectional(&mut TokioIo::new(from), &mut to).await);
        });
        return Ok(said(StatusCode::OK));
    }
    let (mut sender, connection) =
        client::conn::http1::handshake(TokioIo::new(to)).await.map_err(io::Error::other)?;
    tokio::spawn(connection);
    let mut request = request;
    request.headers_mut().remove(PROXY_AUTHORIZATION);
    let path = request.uri().path_and_query().ok_or(io::ErrorKind::InvalidInput)?;
    *request.uri_mut() = path.as_str().parse().map_err(io::Error::other)?;
    let answer = sender.send_request(request).await.map_err(io::Error::other)?;
    Ok(answer.map(reqwest::Body::wrap))
}

/// From the proxy's own address.
async fn connect(to: &str) -> io::Result<TcpStream> {
    let to: SocketAddr = lookup_host(to).await?.find(SocketAddr::is_ipv4).ok_or(io::ErrorKind::NotFound)?;
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(ADDRESS.parse().expect("an address"), 0))?;
    socket.connect(to).await
}
