//! The page at `/`: plain modules that this program carries with it.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::Embed;

/// Where its parts are.
const PARTS: &str = "/_sim/ui/{*path}";

/// Nothing is loaded from elsewhere or run from a text, and nobody frames it.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

#[derive(Embed)]
#[folder = "web/"]
struct Web;

/// The page itself, and its parts.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/", get(async || part::<Web>("index.html"))).merge(parts())
}

/// Its parts alone, for a page that shows them beside its own.
pub fn parts<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route(PARTS, get(async |Path(path): Path<String>| part::<Web>(&path)))
}

/// A part of a page that keeps to itself, out of the folder that its program carries with it.
pub fn part<Folder: Embed>(path: &str) -> Response {
    let Some(file) = Folder::get(path) else { return StatusCode::NOT_FOUND.into_response() };
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, file.metadata.mimetype()),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // The next version's parts must not meet those of this one.
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, Body::from(file.data)).into_response()
}
