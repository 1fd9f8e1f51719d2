//! What template/alarms.yaml watches is really written: under that namespace, that name and those very dimensions.
//!
//! A program of its own: where metrics are kept is settled once in a process.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use harness::World;
use local::Settings;
use reqwest::Method;
use serde_json::{Value, json};
use serde_yaml_ng::Value as Yaml;
use shared::store::{self, State};
use shared::{Error, telemetry};

const STACK: &str = "queqiao-test";

/// A metric as CloudWatch tells one from another: its name and its dimensions.
type Metric = (String, BTreeMap<String, String>);

/// A log that can be read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panicked").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// The metrics in it, as CloudWatch reads them out of the embedded metric format.
    fn metrics(&self) -> BTreeSet<Metric> {
        let text = String::from_utf8(self.0.lock().expect("nobody panicked").clone()).expect("text");
        let mut metrics = BTreeSet::new();
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).expect("JSON");
            for directive in line["_aws"]["CloudWatchMetrics"].as_array().expect("directives") {
                assert_eq!(directive["Namespace"], "Queqiao");
                for names in directive["Dimensions"].as_array().expect("sets of dimensions") {
                    let dimensions: BTreeMap<_, _> =
                        texts(names).map(|name| (name.clone(), text_of(&line[&name]))).collect();
                    let metrics_of = directive["Metrics"].as_array().expect("metrics").iter();
                    metrics.extend(metrics_of.map(|metric| (text_of(&metric["Name"]), dimensions.clone())));
                }
            }
        }
        metrics
    }
}

fn texts(values: &Value) -> impl Iterator<Item = String> {
    values.as_array().into_iter().flatten().map(text_of)
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The metrics that an alarm watches: one, or those that it reckons with.
fn metrics_of(alarm: &Yaml) -> Vec<&Yaml> {
    let properties = &alarm["Properties"];
    match properties["Metrics"].as_sequence() {
        None => vec![properties],
        Some(metrics) => {
            let metrics = metrics.iter().map(|one| &one["MetricStat"]["Metric"]);
            metrics.filter(|metric| !metric.is_null()).collect()
        }
    }
}

/// The alarms on our own metrics, by the metrics that each watches.
fn watched() -> BTreeMap<Metric, String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template/alarms.yaml");
    let document: Yaml =
        serde_yaml_ng::from_str(&std::fs::read_to_string(file).expect("a file")).expect("YAML");
    let alarms = document["Resources"].as_mapping().expect("resources").iter();
    let metrics =
        alarms.flat_map(|(id, alarm)| metrics_of(alarm).into_iter().map(move |metric| (id, metric)));
    let ours = metrics.filter(|(_, metric)| metric["Namespace"] == "Queqiao");
    let text = |value: &Yaml| match value {
        // The one reference that such an alarm makes.
        Yaml::Tagged(reference) => {
            assert_eq!(reference.value, "StackName");
            STACK.to_owned()
        }
        value => value.as_str().expect("a text").to_owned(),
    };
    let named = |(id, metric): (&Yaml, &Yaml)| {
        let dimensions = metric["Dimensions"].as_sequence().expect("dimensions").iter();
        let dimensions = dimensions.map(|one| (text(&one["Name"]), text(&one["Value"]))).collect();
        ((text(&metric["MetricName"]), dimensions), text(id))
    };
    ours.map(named).collect()
}

async fn parked(world: &World) {
    let id = world.send_to(&json!({ "oa_openid": world.user(1).await.oa_openid })).await;
    world.wait_for(&id, |batch| batch["counts"] == json!({ "parked": 1 })).await;
}

#[tokio::test]
async fn every_metric_that_an_alarm_watches_is_written_under_its_dimensions() {
    let log = Log::default();
    telemetry::init_metrics(STACK.to_owned(), log.clone());
    // Where nobody answers.
    let environment = [("FORWARD_URL".to_owned(), "http://127.0.0.1:9/".to_owned())].into();
    let world =
        World::with(Settings { followers: 40, callbacks: true, environment, ..Settings::default() }).await;
    world.sync_until_done().await;
    world.invoke("sync", json!({ "sync": "tick" })).await.expect("progress");

    world.user_does(31, "unfollow").await;
    world.callbacks_settled().await;

    // A list of half of the followers.
    world.pause_callbacks().await;
    for user in 0..20 {
        world.user_does(user, "unfollow").await;
    }
    world.sync().await;
    world.invoke("sync", json!({ "sync": "tick" })).await.expect("progress");

    // What WeChat calls back is not signed with our token.
    world.callback_fault(json!({ "wrong_signature": 1.0 })).await;
    world.resume_callbacks().await;
    world.user_does(30, "unfollow").await;
    world.until(async || world.callbacks().await["pending"] == 0).await;

    // A day without calls.
    world.fault(json!({ "endpoint": "/cgi-bin/message/template/send", "errcode": 45009 })).await;
    parked(&world).await;
    world.clear_faults().await;

    // Somebody takes the token away; when that happens again, WeChat gives no other.
    world.rotate("classic", 2).await;
    let id = world.send_to(&json!({ "oa_openid": world.user(2).await.oa_openid })).await;
    world.settled(&id).await;
    world.console(&json!({ "whitelist": "token" })).await;
    world.rotate("classic", 2).await;
    parked(&world).await;

    // A catalog that is none.
    let config = world.stack().config();
    let state = State::new(&config, store::client(&config).expect("tables")).expect("a table of states");
    assert!(state.push_catalog(0, "none", None).await.expect("pushed"));
    world.get("/doctor", &world.service_key).await.ok(200);

    // A user who is to be forgotten, and of whose deletion nobody can read how far it came.
    let client = store::client(&config).expect("tables");
    let put = client.put_item().table_name(config.state_table().expect("its name"));
    put.item("key", AttributeValue::S("forget#x".to_owned())).send().await.expect("written");
    world.enqueue("ForgetQueue", &json!({ "id": "x", "call": "y" }).to_string()).await;
    world.pass(Duration::from_secs(25 * 3600)).await;

    // A mistake of ours, which no call of anybody's makes.
    let refused = Error::Unavailable("ValidationException".into());
    drop(Error::unavailable(refused));
    world.call(Method::GET, "/sync", &world.service_key, "").await.ok(200);

    let (written, watched) = (log.metrics(), watched());
    let missing: Vec<_> = watched.iter().filter(|(metric, _)| !written.contains(*metric)).collect();
    assert!(missing.is_empty(), "nothing writes {missing:#?}, of {written:#?}");
    assert!(watched.len() >= 11, "{watched:?}");
}
