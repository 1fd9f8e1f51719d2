//! The queue of WeChat's events: each changes the map of followers, or the message whose receipt it is.

mod work;

use std::time::SystemTime;

use shared::lambda::{self, Answer, Event};
use shared::queue::{self, EventsQueue};
use shared::store::{self, Identities, Messages};
use shared::{Account, Authorized, Config};

/// The function's clients.
pub struct Function {
    wechat: Authorized,
    identities: Identities,
    messages: Messages,
    queue: EventsQueue,
}

impl lambda::Function for Function {
    const NAME: &str = "events";

    async fn init(config: &Config) -> Result<Self, lambda::Error> {
        let (tables, queues) = (store::client(config)?, queue::client(config)?);
        Ok(Self {
            wechat: Authorized::new(Account::Oa, config, tables.clone(), queues.clone()).await?,
            identities: Identities::new(config, tables.clone())?,
            messages: Messages::new(config, tables)?,
            queue: EventsQueue::new(config, queues)?,
        })
    }

    async fn handle(&self, event: Event, _deadline: SystemTime) -> Result<Answer, lambda::Error> {
        Ok(Answer::Queue(self.handle_batch(event.into_messages()?).await))
    }
}
