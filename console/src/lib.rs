//! The page of a local stack: a backend to try it with, what became of what it sent, and the phone. It does all that it
//! does by the public routes, which it reaches through this server: the service key never leaves it.

mod api;

use std::future::IntoFuture;
use std::io;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use reqwest::Client;
use rust_embed::Embed;
use serde_json::json;
use simulator::{Simulator, of_a_page, of_this_machine};
use tokio::net::TcpListener;

#[derive(Embed)]
#[folder = "web/"]
struct Web;

/// What the page is about.
#[derive(Clone)]
pub struct Console {
    /// The gateway's URL.
    pub gateway: String,
    /// The key that the page's calls are made with.
    pub service_key: String,
    /// The phone; none where WeChat is a real one.
    pub simulator: Option<Simulator>,
}

impl Console {
    /// Serves the page until the process ends.
    ///
    /// # Errors
    /// A socket's.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        axum::serve(listener, self.router()).into_future().await
    }

    fn router(self) -> Router {
        // What the page shows for copying, and whether there is a phone.
        let about = json!({ "gateway": self.gateway, "has_phone": self.simulator.is_some() });
        let page = Router::new()
            .route("/", get(async || part("index.html")))
            .route("/ui/{*path}", get(async |Path(path): Path<String>| part(&path)))
            .route("/about", get(async || axum::Json(about)))
            .merge(api::router(self.gateway, self.service_key, client()))
            .merge(simulator::parts())
            .layer(middleware::from_fn(of_this_machine));
        match self.simulator {
            Some(simulator) => page.merge(simulator.control()),
            None => page,
        }
    }
}

fn part(path: &str) -> Response {
    match Web::get(path) {
        Some(file) => of_a_page(file.metadata.mimetype(), file.data),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn client() -> Client {
    let builder = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    builder.build().expect("a client that asks for nothing special")
}
