//! What outlives the process.

use std::fs;
use std::path::Path;

use clock::Clock;
use serde_json::json;

use super::{Desk, Sqs};

impl Desk {
    fn kept_in(file: &Path, clock: &Clock) -> Self {
        Self { sqs: Sqs::kept_in(file, clock.clone()).unwrap(), clock: clock.clone() }
    }
}

/// Copies the files as a killed process leaves them: not closed, the log beside the database.
fn killed(file: &Path) -> std::path::PathBuf {
    let copy = file.with_extension("copy");
    for end in ["", "-wal"] {
        let with_end = |path: &Path| format!("{}{end}", path.display());
        fs::copy(with_end(file), with_end(&copy)).unwrap();
    }
    copy
}

#[tokio::test]
async fn a_killed_process_leaves_its_messages_and_its_receipts() {
    let folder = tempfile::tempdir().unwrap();
    let (file, clock) = (folder.path().join("queues.sqlite"), Clock::movable());
    let before = Desk::kept_in(&file, &clock);
    let (url, _) = before.with_dead_letters(1).await;
    for body in ["deleted", "in flight"] {
        before.send(&url, body).await;
    }
    before.ask("SendMessage", json!({"QueueUrl": url, "MessageBody": "late", "DelaySeconds": 900})).await;
    let messages = before.receive(&url).await;
    before.send(&url, "visible").await;

    let after = Desk::kept_in(&killed(&file), &clock);
    let delete = json!({"QueueUrl": url, "ReceiptHandle": messages[0]["ReceiptHandle"]});
    after.ask("DeleteMessage", delete).await;
    assert_eq!(after.bodies(&url).await, ["visible"], "what is in flight stays so");
    clock.advance(900);
    assert_eq!(after.bodies(&url).await, ["late"]);
    let dead = after.ask("GetQueueUrl", json!({"QueueName": "dead"})).await;
    assert_eq!(after.bodies(dead["QueueUrl"].as_str().unwrap()).await, ["in flight", "visible"]);
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queues.sqlite");
    fs::write(&file, "this is no database, but it is long enough to be looked at as if it were one").unwrap();
    assert!(Sqs::kept_in(&file, Clock::movable()).is_err());
}
