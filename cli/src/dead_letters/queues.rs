//! The queues of dead letters that a stack has, each with the queue whose messages end in it.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use serde_json::Value;

use crate::Failure;
use crate::lang::{pick, say};
use crate::target::{Place, Queues};

/// How many SQS gives at a time.
const BATCH: i32 = 10;

/// How long a receive waits for messages, in seconds: one that does not wait asks only some of SQS's servers.
const PATIENCE: i32 = 1;

/// A queue of dead letters.
pub struct DeadLetters {
    client: Client,
    /// Its name in the template.
    pub name: String,
    url: String,
    /// The name of the queue that they came from.
    pub source: String,
    source_url: String,
}

/// Those of a stack; of one name, where one is given.
///
/// # Errors
/// When none is called so.
pub async fn open(place: Place, named: Option<&str>) -> Result<Vec<DeadLetters>, Failure> {
    let Queues { client, urls } = place.queues().await?;
    let mut known = Vec::with_capacity(urls.len());
    for (name, url) in urls {
        let attributes = client.get_queue_attributes().queue_url(&url);
        let attributes = attributes.attribute_names(QueueAttributeName::QueueArn);
        let attributes = attributes.attribute_names(QueueAttributeName::RedrivePolicy);
        let attributes = attributes.send().await.map_err(told)?.attributes.unwrap_or_default();
        let text = |name| attributes.get(&name).map(String::as_str).unwrap_or_default();
        let policy: Value = serde_json::from_str(text(QueueAttributeName::RedrivePolicy)).unwrap_or_default();
        let target = policy["deadLetterTargetArn"].as_str().map(str::to_owned);
        known.push((name, url, text(QueueAttributeName::QueueArn).to_owned(), target));
    }
    let pairs = known.iter().filter_map(|(source, source_url, _, target)| {
        let (name, url, ..) = known.iter().find(|(_, _, arn, _)| Some(arn) == target.as_ref())?;
        let client = client.clone();
        let (name, url) = (name.clone(), url.clone());
        Some(DeadLetters { client, name, url, source: source.clone(), source_url: source_url.clone() })
    });
    let mut found: Vec<_> = pairs.collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    let Some(named) = named else { return Ok(found) };
    let names: Vec<_> = found.iter().map(|one| one.name.clone()).collect();
    found.retain(|one| [&one.name, &one.source].iter().any(|name| name.eq_ignore_ascii_case(named)));
    match found.is_empty() {
        true => {
            let names = names.join(pick(", ", "、"));
            Err(say!("No queue is called so; there are {names}.", "没有这个队列；有 {names}。").into())
        }
        false => Ok(found),
    }
}

impl DeadLetters {
    /// About how many there are, those in somebody's hands included.
    pub async fn count(&self) -> Result<u64, Failure> {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let asked = self.client.get_queue_attributes().queue_url(&self.url);
        let asked = asked.set_attribute_names(Some(names.to_vec()));
        let attributes = asked.send().await.map_err(told)?.attributes.unwrap_or_default();
        Ok(names.iter().filter_map(|name| attributes.get(name)?.parse::<u64>().ok()).sum())
    }

    /// Some of them, for so many seconds out of everybody's sight; none where there are no more.
    pub async fn take(&self, seconds: i32) -> Result<Vec<Message>, Failure> {
        let asked = self.client.receive_message().queue_url(&self.url).max_number_of_messages(BATCH);
        let asked = asked.message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
        let asked = asked.message_attribute_names("All").visibility_timeout(seconds);
        let answer = asked.wait_time_seconds(PATIENCE).send().await.map_err(told)?;
        Ok(answer.messages.unwrap_or_default())
    }

    /// Lets everybody see it again.
    pub async fn give_back(&self, message: &Message) -> Result<(), Failure> {
        let asked = self.client.change_message_visibility().queue_url(&self.url).visibility_timeout(0);
        asked.set_receipt_handle(message.receipt_handle.clone()).send().await.map_err(told)?;
        Ok(())
    }

    /// Puts a copy on the queue that it came from.
    pub async fn copy(&self, message: &Message) -> Result<(), Failure> {
        let asked = self.client.send_message().queue_url(&self.source_url);
        let asked = asked.set_message_body(message.body.clone());
        let asked = asked.set_message_attributes(message.message_attributes.clone());
        asked.send().await.map_err(told)?;
        Ok(())
    }

    /// Takes it away.
    pub async fn delete(&self, message: &Message) -> Result<(), Failure> {
        let asked = self.client.delete_message().queue_url(&self.url);
        asked.set_receipt_handle(message.receipt_handle.clone()).send().await.map_err(told)?;
        Ok(())
    }
}

/// What SQS said, or why it could not.
fn told<E: std::error::Error + Send + Sync + 'static>(error: E) -> Failure {
    let error = DisplayErrorContext(&error);
    say!(
        "The call of SQS failed: {error}. Your credentials need sqs:GetQueueAttributes, ReceiveMessage, SendMessage, DeleteMessage and ChangeMessageVisibility.",
        "调用 SQS 失败：{error}。你的凭证需要 sqs:GetQueueAttributes、ReceiveMessage、SendMessage、DeleteMessage 和 ChangeMessageVisibility 权限。"
    )
    .into()
}
