//! What messages take of what AWS bills by count. Whoever has to raise a number here makes every message dearer, and
//! counts anew what docs/cost.md says.

use std::collections::BTreeMap;

use harness::World;
use local::{Load, Settings};
use serde_json::json;

const FUNCTIONS: [&str; 4] = ["send", "deliver", "callback", "events"];

/// What each of the functions took so far.
fn loads(world: &World) -> [Load; 4] {
    FUNCTIONS.map(|function| world.stack().load(function))
}

/// A world of so many followers, all on the map, whose messages get receipts that are taken or not.
async fn metered(followers: u32, receipts: bool) -> World {
    let environment = BTreeMap::from([("RECEIPTS".to_owned(), receipts.to_string())]);
    let settings = Settings {
        followers,
        callbacks: true,
        meters: true,
        single_processes: true,
        environment,
        ..Settings::default()
    };
    let world = World::with(settings).await;
    world.sync_until_done().await;
    world
}

/// Sends everybody a message, then lets their receipts come; gives the batch and what each function took.
async fn send(world: &World, recipients: u32) -> (String, [Load; 4]) {
    let to: Vec<_> = world.users(0, recipients).await;
    let to: Vec<_> = to.iter().map(|user| json!({ "unionid": user.unionid })).collect();
    world.pause_callbacks().await;
    let before = loads(world);
    // With a fallback the mini-program's openid of who is named by their unionid is read as well.
    let sent = world.send_as(&world.service_key, "approval_copied", &json!(to)).await.ok(202);
    let id = sent["id"].as_str().expect("an id").to_owned();
    world.until(async || world.queued("DeliverQueue").await == 0).await;
    world.resume_callbacks().await;
    world.callbacks_settled().await;
    let mut taken = loads(world);
    for (taken, before) in taken.iter_mut().zip(before) {
        *taken = *taken - before;
    }
    (id, taken)
}

/// No more than so many invocations, requests of queues, units read and units written.
fn hold(what: &str, taken: [Load; 4], most: [(u64, u64, f64, f64); 4]) {
    for ((function, load), most) in FUNCTIONS.iter().zip(taken).zip(most) {
        let is_held = load.invocations <= most.0
            && load.queue_requests <= most.1
            && load.read_units <= most.2
            && load.write_units <= most.3;
        assert!(is_held, "{what}: {function} may take {most:?}, and took {load:?}");
    }
}

#[tokio::test]
async fn a_message_alone_takes_no_more_than_this() {
    let world = metered(1, true).await;
    // The first one reads the token, too.
    send(&world, 1).await;
    let (id, taken) = send(&world, 1).await;
    hold("alone", taken, [(1, 1, 1.5, 1.0), (1, 2, 1.5, 2.0), (1, 1, 0.0, 0.0), (1, 2, 0.5, 1.0)]);
    assert_eq!(world.batch(&id).await["counts"], json!({ "delivered": 1 }));
}

#[tokio::test]
async fn messages_of_one_call_share_what_can_be_shared() {
    let world = metered(200, true).await;
    let (id, taken) = send(&world, 200).await;
    let [_, deliver, callback, events] = taken;
    assert!(deliver.invocations <= 4 && deliver.queue_requests <= 8, "{deliver:?}");
    assert!(deliver.read_units <= 8.0 && deliver.write_units <= 400.0, "{deliver:?}");
    // One a receipt, and that WeChat was heard, now and then.
    assert!(callback.queue_requests <= 200 && events.write_units <= 201.0, "{callback:?} {events:?}");
    assert_eq!(world.batch(&id).await["counts"], json!({ "delivered": 200 }));
}

#[tokio::test]
async fn without_receipts_no_index_is_written_and_none_reaches_the_queue() {
    let world = metered(1, false).await;
    send(&world, 1).await;
    let (id, taken) = send(&world, 1).await;
    hold("alone", taken, [(1, 1, 1.5, 1.0), (1, 2, 1.5, 1.0), (1, 0, 0.0, 0.0), (0, 0, 0.0, 0.0)]);
    assert_eq!(world.batch(&id).await["counts"], json!({ "sent": 1 }));
    assert_eq!(world.callbacks().await["answered"], 2);
}
