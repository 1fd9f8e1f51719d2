//! The page of a local stack: a backend to try it with, what became of what it sent, and the phone. It does all that it
//! does by the public routes, which it reaches through this server: the service key never leaves it.

mod api;
mod guard;

use std::future::IntoFuture;
use std::io;

use axum::extract::Path;
use axum::routing::get;
use axum::{Router, middleware};
use rust_embed::Embed;
use serde_json::json;
use simulator::page::{part, parts};
use simulator::{Simulator, of_this_machine};
use tokio::net::TcpListener;

#[derive(Embed)]
#[folder = "web/"]
struct Web;

/// What the page is about.
#[derive(Clone)]
pub struct Console {
    /// The gateway's URL.
    pub gateway: String,
    /// The key that the page's calls are made with; the page never has it.
    pub service_key: String,
    /// What the page shows to have its calls made: a secret of this run, for whoever started it.
    pub key: String,
    /// The phone; none where WeChat is a real one.
    pub simulator: Option<Simulator>,
}

impl Console {
    /// Where the page is opened, its server being at `url`. Behind the `#` nothing leaves the browser.
    pub fn address(&self, url: &str) -> String {
        format!("{url}/#key={}", self.key)
    }

    /// Serves the page until the process ends.
    ///
    /// # Errors
    /// A socket's.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        axum::serve(listener, self.router()).into_future().await
    }

    fn router(self) -> Router {
        // What the page shows for copying, and whether there is a phone.
        let api = api::router(&self);
        let about = json!({ "gateway": self.gateway, "has_phone": self.simulator.is_some() });
        let page = Router::new()
            .route("/", get(async || part::<Web>("index.html")))
            .route("/ui/{*path}", get(async |Path(path): Path<String>| part::<Web>(&path)))
            .route("/about", get(async || axum::Json(about)))
            .merge(api)
            .merge(parts())
            .layer(middleware::from_fn(of_this_machine));
        match self.simulator {
            Some(simulator) => page.merge(simulator.control()),
            None => page,
        }
    }
}
