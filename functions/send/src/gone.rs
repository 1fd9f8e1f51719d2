//! A template that its account has lost has its messages wait before WeChat is asked; one of them is tried now and then,
//! and tells when it is there again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use shared::store::{BreakerKeys, Cause, KnownTemplates, Outage, State, pause_after};
use shared::{Clock, Error, Reason};
use tokio::sync::Mutex;

/// How long a list is taken from memory: what is gone is gone for longer.
const REMEMBERED_FOR: Duration = Duration::from_secs(5 * 60);

/// The lists as this process has seen them, by appid.
pub struct GoneTemplates {
    state: State,
    clock: Clock,
    seen: Mutex<HashMap<String, Seen>>,
}

/// A list, where there is one, and when it was read.
type Seen = (SystemTime, Option<Arc<KnownTemplates>>);

impl GoneTemplates {
    /// By what is in this table.
    pub fn new(state: State, clock: Clock) -> Self {
        Self { state, clock, seen: Mutex::default() }
    }

    /// Opens the breaker of a template that the account has not any more. What cannot be looked at holds nothing back:
    /// then WeChat says so.
    pub async fn park_if_gone(&self, appid: &str, template_id: &str) {
        if let Err(error) = self.try_to_park_if_gone(appid, template_id).await {
            tracing::warn!(cause = error.causes(), "could not look whether a template is there: {error}");
        }
    }

    async fn try_to_park_if_gone(&self, appid: &str, template_id: &str) -> Result<(), Error> {
        let now = self.clock.now();
        let Some(list) = self.list(appid).await?.filter(|list| list.lacks(template_id, now)) else {
            return Ok(());
        };
        let key = BreakerKeys::new(appid, template_id, None).template;
        let breaker = self.state.breakers(std::slice::from_ref(&key)).await?.remove(&key);
        if breaker.and_then(|breaker| breaker.closed_at).is_some_and(|at| at >= list.fetched_at) {
            // A message has found it there again, and the list does not know yet.
            return Ok(());
        }
        let outage = Outage {
            cause: Cause { reason: Reason::TemplateGone, errcode: None, ip: None },
            opened_at: now,
            until: None,
            probe_at: now + pause_after(1),
            probes: 0,
        };
        if self.state.open_breaker(&key, &outage).await? {
            metrics::counter!("BreakerOpen").increment(1);
            tracing::error!(template_id, "a template is gone: its messages wait until it is there again");
        }
        Ok(())
    }

    async fn list(&self, appid: &str) -> Result<Option<Arc<KnownTemplates>>, Error> {
        let (mut seen, now) = (self.seen.lock().await, self.clock.time());
        if let Some((_, list)) = seen.get(appid).filter(|(at, _)| now < *at + REMEMBERED_FOR) {
            return Ok(list.clone());
        }
        let list = self.state.templates(appid).await?.map(Arc::new);
        seen.insert(appid.to_owned(), (now, list.clone()));
        Ok(list)
    }
}
