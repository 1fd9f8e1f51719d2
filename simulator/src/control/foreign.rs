//! WeChat's own endpoints and somebody else's page: a browser on this machine takes its calls there, too, and one that
//! fetches a token takes it from whoever has it.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::control::answer::ControlError;
use crate::control::guard::leads_here;

/// Refuses what a browser sends for a page of another machine. Whatever else calls WeChat says nothing of the sort.
pub(crate) async fn of_no_foreign_page(request: Request, next: Next) -> Result<Response, ControlError> {
    if is_of_foreign_page(request.headers()) {
        let told = "This is for programs, and for pages of this machine.";
        return Err(ControlError::new(StatusCode::FORBIDDEN, told));
    }
    Ok(next.run(request).await)
}

fn is_of_foreign_page(headers: &HeaderMap) -> bool {
    let said = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    // A page that fetches an image names no origin.
    said(header::ORIGIN.as_str())
        .map_or(said("sec-fetch-site") == Some("cross-site"), |origin| !leads_here(origin))
}
