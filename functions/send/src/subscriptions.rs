//! What a mini-program user has accepted by `wx.requestSubscribeMessage` becomes credit: one accept, one message.

use std::collections::BTreeSet;

use contract::{Credited, Subscriptions};
use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use shared::config::SubscriptionSource;
use shared::session::User;
use shared::{Error, http};

use crate::Function;

/// How often a session may call in an hour: each is a tap on a button.
const CALLS_IN_AN_HOUR: u32 = 60;

impl Function {
    /// Credits what was accepted, of the templates that the catalog in force falls back on, where WeChat's events do not
    /// tell it, too. Mini-programs ask for others, too: they are passed over.
    pub async fn subscribe(&self, user: &User, call: &Subscriptions) -> Result<Response<Body>, Error> {
        let counter = format!("subscriptions#{}", user.session);
        if !self.state.count_in_hour(&counter, CALLS_IN_AN_HOUR).await? {
            return Err(Error::TooManyRequests(format!(
                "A session may tell {CALLS_IN_AN_HOUR} times an hour what the user has accepted; try again later."
            )));
        }
        let catalog = self.catalog.current().await?;
        let named: BTreeSet<_> =
            catalog.fallback_templates().filter(|template| call.names(template)).collect();
        let accepted: Vec<_> = named.iter().copied().filter(|template| call.accepts(template)).collect();
        let counts = if accepted.is_empty() || self.source == SubscriptionSource::Events {
            self.credits.of(&user.openid).await?
        } else {
            let counts = self.credits.add(&user.openid, &accepted).await?;
            tracing::info!(templates = accepted.len(), "credited subscribe messages");
            counts
        };
        let of = |template: &str| (template.to_owned(), counts.get(template).copied().unwrap_or_default());
        Ok(http::json(StatusCode::OK, &Credited { credits: named.into_iter().map(of).collect() }))
    }
}
