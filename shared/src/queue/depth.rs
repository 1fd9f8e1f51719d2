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
    /// How many messages wait to be taken.
    pub due: i64,
    /// How many wait for a time to come: for a try that is put off, for a repair.
    pub later: i64,
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
        use QueueAttributeName::{
            ApproximateNumberOfMessages as Due, ApproximateNumberOfMessagesDelayed as Later,
            ApproximateNumberOfMessagesNotVisible as Held,
        };
        let looks = self.queues.iter().map(|(queue, url, dead_letters)| async move {
            // Nobody works on dead letters; whoever looks at them holds them for a while.
            let ([due, later], [dead, held]) =
                tokio::try_join!(self.count(url, [Due, Later]), self.count(dead_letters, [Due, Held]))?;
            Ok(Depth { queue, due, later, dead_letters: dead + held })
        });
        try_join_all(looks).await
    }

    /// How many messages of two kinds there are.
    async fn count(&self, url: &str, kinds: [QueueAttributeName; 2]) -> Result<[i64; 2], Error> {
        let get = self.client.get_queue_attributes().queue_url(url).set_attribute_names(Some(kinds.to_vec()));
        let attributes = get.send().await.map_err(Error::unavailable)?.attributes.unwrap_or_default();
        let count = |kind| {
            let count = attributes.get(&kind).and_then(|count| count.parse().ok());
            count.ok_or_else(|| Error::unavailable(format!("SQS does not tell {kind}")))
        };
        let [one, other] = kinds;
        Ok([count(one)?, count(other)?])
    }
}
