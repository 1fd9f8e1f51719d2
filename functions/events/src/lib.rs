//! The queue of WeChat's events: each changes the map of followers, the message whose receipt it is, or what credit of
//! subscribe messages a user has.

mod credit;
mod heard;
mod receipt;
mod work;

use std::time::SystemTime;

use shared::config::SubscriptionSource;
use shared::lambda::{self, Answer, Event};
use shared::queue::{self, EventsQueue};
use shared::store::{self, Credits, Identities, Messages, State};
use shared::{Account, Authorized, Config};

use heard::Heard;

/// The function's clients.
pub struct Function {
    wechat: Authorized,
    identities: Identities,
    messages: Messages,
    credits: Credits,
    source: SubscriptionSource,
    queue: EventsQueue,
    heard: Heard,
}

impl lambda::Function for Function {
    const NAME: &str = "events";

    async fn init(config: &Config) -> Result<Self, lambda::Error> {
        let (tables, queues) = (store::client(config)?, queue::client(config)?);
        Ok(Self {
            wechat: Authorized::new(Account::Oa, config, tables.clone(), queues.clone()).await?,
            identities: Identities::new(config, tables.clone())?,
            messages: Messages::new(config, tables.clone())?,
            credits: Credits::new(config, tables.clone())?,
            heard: Heard::new(config, State::new(config, tables)?)?,
            source: config.subscription_source()?,
            queue: EventsQueue::new(config, queues)?,
        })
    }

    async fn handle(&self, event: Event, _deadline: SystemTime) -> Result<Answer, lambda::Error> {
        Ok(Answer::Queue(self.handle_batch(event.into_messages()?).await))
    }
}
