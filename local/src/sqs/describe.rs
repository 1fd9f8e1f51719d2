//! What a queue tells of itself, and how it is told otherwise.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::Error;
use super::queue::{self, Queue};
use super::store::Call;
use super::wire::OnQueue;
use super::{attributes, receive, redrive};

/// Those that nobody sets.
const OWN: [&str; 6] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
];

/// GetQueueAttributes' parameters.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GetQueueAttributes {
    attribute_names: Vec<String>,
}

/// GetQueueAttributes: nothing of what nobody asked for.
pub fn get(call: &Call, request: OnQueue<GetQueueAttributes>) -> Result<Value, Error> {
    let queue = queue::by_url(call, &request.queue_url)?;
    let names = request.asked.attribute_names;
    let is_known =
        |name: &String| name == "All" || OWN.contains(&name.as_str()) || attributes::is_known(name);
    if !names.iter().all(is_known) {
        return Err(Error::InvalidAttributeName);
    }
    let mut attributes = all(call, queue)?;
    attributes.retain(|name, _| names.iter().any(|wanted| wanted == "All" || wanted == name));
    Ok(json!({"Attributes": attributes}))
}

fn all(call: &Call, queue: Queue) -> Result<BTreeMap<String, String>, Error> {
    receive::expire(call, &queue)?;
    // What was never received and is invisible is delayed; what was received and is invisible is in flight.
    let sql = "SELECT count(*) FILTER (WHERE visible_at_ms <= ?2),
                      count(*) FILTER (WHERE visible_at_ms > ?2 AND receives = 0),
                      count(*) FILTER (WHERE visible_at_ms > ?2 AND receives > 0)
               FROM messages WHERE queue = ?1";
    let counts =
        call.find(sql, [queue.id, call.now_ms], |row| Ok([row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?]))?;
    let [visible, delayed, in_flight] = counts.unwrap_or_default();
    let timestamps = [queue.created_at_ms, queue.modified_at_ms].map(|ms| ms.div_euclid(1000));
    let values = [visible, delayed, in_flight, timestamps[0], timestamps[1]].map(|value| value.to_string());
    let own = values.into_iter().chain([queue.arn()]);
    let mut attributes: BTreeMap<_, _> = OWN.map(str::to_owned).into_iter().zip(own).collect();
    attributes.extend(queue.attributes);
    Ok(attributes)
}

/// SetQueueAttributes' parameters.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SetQueueAttributes {
    attributes: BTreeMap<String, String>,
}

/// SetQueueAttributes: takes effect at once, where AWS may take minutes.
pub fn set(call: &Call, request: OnQueue<SetQueueAttributes>) -> Result<Value, Error> {
    let mut queue = queue::by_url(call, &request.queue_url)?;
    queue.attributes.set(&request.asked.attributes)?;
    redrive::check(call, &queue.arn(), &request.asked.attributes)?;
    let sql = "UPDATE queues SET attributes = ?2, modified_at_ms = ?3 WHERE id = ?1";
    call.execute(sql, (queue.id, json!(queue.attributes).to_string(), call.now_ms))?;
    // Another retention may end what somebody waits for.
    call.waits.wake(queue.id);
    Ok(json!({}))
}
