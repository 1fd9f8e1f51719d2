//! How much waits in the queues.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use futures::future::try_join_all;

use crate::config::ConfigError;
use crate::{Config, Error};

/// The queues of what nobody was able to work off, and those before them.
#[derive(Clone, Debug)]
pub struct Depths {
    client: Client,
    /// Each queue's name, its URL, and that of its dead letters.
    queues: [(&'static str, String, String); 2],
}

/// How much waits in a queue; SQS's figures lag by some seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// What to call it.
    pub queue: &'static str,
    /// How many messages wait to be taken, those whose time has not come included.
    pub waiting: i64,
    /// How many were taken too often, and wait for a person.
    pub dead_letters: i64,
}

impl Depths {
    /// The queues that `config` names.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: &Config, client: Client) -> Result<Self, ConfigError> {
        let queues = [
            ("deliver", config.deliver_queue_url()?, config.deliver_dead_letters_url()?),
            ("events", config.events_queue_url()?, config.events_dead_letters_url()?),
        ];
        Ok(Self { client, queues })
    }

    /// Looks at each.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn look(&self) -> Result<Vec<Depth>, Error> {
        let looks = self.queues.iter().map(|(queue, url, dead_letters)| async move {
            let (waiting, dead_letters) = tokio::try_join!(self.count(url), self.count(dead_letters))?;
            Ok(Depth { queue, waiting, dead_letters })
        });
        try_join_all(looks).await
    }

    async fn count(&self, url: &str) -> Result<i64, Error> {
        let get = self.client.get_queue_attributes().queue_url(url);
        let get = get
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesDelayed);
        let attributes = get.send().await.map_err(Error::unavailable)?.attributes.unwrap_or_default();
        Ok(attributes.values().filter_map(|count| count.parse::<i64>().ok()).sum())
    }
}
