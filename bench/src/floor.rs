//! What AWS's and WeChat's calls take of a processor by themselves: a function can do with no less as long as it makes
//! them.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt, stream};
use serde_json::json;
use shared::{Config, https, queue, store};

use crate::process::on_one_thread;

/// As much as a batch of one, as its job, and as the record of a message.
const TEXT: usize = 900;

/// What POST /send asks of AWS, asked without it: three reads, one write, one message on a queue.
pub async fn of_a_send(config: Config, times: u32) -> Duration {
    alone(times, async move || {
        let tables = Messages::of(&config).await;
        let queues = queue::client(&config).expect("the stack's own queues");
        let listed = queues.list_queues().send().await.expect("its queues");
        // Nobody works on what is there.
        let is_dead = |url: &&String| url.ends_with("DeliverDeadLetters");
        let queue = listed.queue_urls().iter().find(is_dead).expect("a queue of dead letters").clone();
        for _ in 0..times {
            for _ in 0..3 {
                tables.read().await;
            }
            tables.write(0).await;
            let message = queues.send_message().queue_url(&queue).message_body("a".repeat(TEXT));
            message.send().await.expect("a message");
        }
    })
    .await
}

/// What a message asks of WeChat and of AWS, asked without `deliver`: a call, and the record of it; so many at a time.
pub async fn of_a_message(config: Config, url: String, times: u32, at_a_time: usize) -> Duration {
    alone(times, async move || {
        let tables = Messages::of(&config).await;
        let client = https::client(https::roots()).build().expect("an HTTP client");
        // As long as a message is, to nobody.
        let body = json!({ "touser": "nobody", "text": "a".repeat(500) }).to_string();
        let call = async |n| {
            let answer = client.post(&url).body(body.clone()).send().await.expect("an answer");
            answer.bytes().await.expect("all of it");
            tables.write(n).await;
        };
        stream::iter(0..times).map(call).buffer_unordered(at_a_time).for_each(async |()| {}).await;
    })
    .await
}

/// The table of messages, where nobody knows of what is done there.
struct Messages {
    tables: Client,
    name: String,
}

impl Messages {
    async fn of(config: &Config) -> Self {
        let tables = store::client(config).expect("the stack's own tables");
        let listed = tables.list_tables().send().await.expect("its tables");
        let name = listed.table_names().iter().find(|name| name.contains("Messages"));
        Self { name: name.expect("a table of messages").clone(), tables }
    }

    async fn read(&self) {
        let get = self.tables.get_item().table_name(&self.name);
        let key = get.key("batch", AttributeValue::S("nobody".to_owned()));
        key.key("n", AttributeValue::N("0".to_owned())).send().await.expect("no item");
    }

    async fn write(&self, n: u32) {
        let put = self.tables.put_item().table_name(&self.name);
        let put = put.item("batch", AttributeValue::S("floor".to_owned()));
        let put = put.item("n", AttributeValue::N(n.to_string()));
        let put = put.item("text", AttributeValue::S("a".repeat(TEXT)));
        put.condition_expression("attribute_not_exists(msgid)").send().await.expect("an item");
    }
}

/// What one of so many computes, in a thread that does nothing else.
async fn alone<F: Future<Output = ()>>(times: u32, work: impl FnOnce() -> F + Send + 'static) -> Duration {
    on_one_thread(async move || {
        let before = computed_here();
        work().await;
        computed_here().saturating_sub(before) / times
    })
    .await
}

/// What this thread has computed, in nanoseconds of Linux; nothing elsewhere.
fn computed_here() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split_whitespace().next().and_then(|count| count.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}
