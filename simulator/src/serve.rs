//! What runs while a simulator serves: the API and the control routes on a port, and the callbacks.

use std::future::Future;
use std::io;

use axum::{Router, middleware};
use tokio::net::TcpListener;

use crate::api;
use crate::connections;
use crate::control;
use crate::page;
use crate::push::Pusher;
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
    /// seconds to finish. An error is a socket's, or says what is wrong with the settings, or with a callback that was kept.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let (callbacks, mini_callbacks) = {
            let state = self.lock();
            (state.callbacks.clone(), state.mini_callbacks.clone())
        };
        for valid in [self.settings().validate(), callbacks.validate(), mini_callbacks.validate()] {
            valid.map_err(|sentence| io::Error::new(io::ErrorKind::InvalidInput, sentence))?;
        }
        let api = api::router(&self).layer(middleware::from_fn(control::of_no_foreign_page));
        let router = api.merge(control::router(&self)).merge(self.page());
        let [pusher, mini_pusher] =
            [callbacks, mini_callbacks].map(|callbacks| Pusher { callbacks, simulator: self.clone() });
        // Pages that watch would never end by themselves.
        let shutdown = async move {
            shutdown.await;
            self.log().end_watches();
        };
        tokio::select! {
            served = connections::serve(router, listener, shutdown) => served,
            never = pusher.run() => match never {},
            never = mini_pusher.run() => match never {},
        }
    }
}
