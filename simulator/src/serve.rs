//! What runs while a simulator serves: the API and the control routes on a port, and the callbacks.

use std::future::Future;
use std::io;

use axum::{Router, middleware};
use tokio::net::TcpListener;

use crate::api;
use crate::callbacks::push::Pusher;
use crate::connections;
use crate::control;
use crate::page;
use crate::simulator::Simulator;

impl Simulator {
    /// The control routes, for a page that shows the phone beside its own.
    pub fn control(&self) -> Router {
        control::router(self)
    }

    fn page(&self) -> Router {
        page::router().layer(middleware::from_fn(control::of_this_machine))
    }

    /// Serves the API and pushes callbacks until `shutdown` completes, then gives open requests two
    /// seconds to finish. An error is a socket's, or a callback's that WeChat would not save.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let (callbacks, mini_callbacks) = {
            let state = self.lock();
            (state.callbacks.clone(), state.mini_callbacks.clone())
        };
        for callbacks in [&callbacks, &mini_callbacks] {
            let valid = callbacks.validate();
            valid.map_err(|sentence| io::Error::new(io::ErrorKind::InvalidInput, sentence))?;
        }
        let router = api::router(&self).merge(control::router(&self)).merge(self.page());
        let (pusher, mini_pusher) = (Pusher { callbacks }, Pusher { callbacks: mini_callbacks });
        tokio::select! {
            served = connections::serve(router, listener, shutdown) => served,
            never = pusher.run() => match never {},
            never = mini_pusher.run() => match never {},
        }
    }
}
