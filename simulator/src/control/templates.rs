//! The templates of both accounts, line by line.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::simulator::Simulator;
use crate::world::accounts::ACCOUNTS;
use crate::world::templates::Template;

/// The routes of this file.
pub(crate) fn router() -> Router<Simulator> {
    Router::new().route("/_sim/templates", get(templates))
}

/// GET /_sim/templates
async fn templates(State(simulator): State<Simulator>) -> Json<Vec<Value>> {
    let console = &simulator.lock().world.console;
    let described = |template: &Template| {
        let lines = template.lines().map(|(label, field)| json!({ "label": label, "field": field }));
        let lines: Vec<_> = lines.collect();
        json!({ "account": template.account().name, "id": template.id, "title": template.title, "lines": lines })
    };
    let all = ACCOUNTS.iter().flat_map(|account| Template::all_of(account));
    Json(all.filter(|template| console.has(template.id)).map(described).collect())
}
