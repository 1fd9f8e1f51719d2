//! POST /subscriptions: what a user has accepted is credited, of the templates that the catalog falls back on.

use harness::World;
use local::Settings;
use serde_json::{Value, json};
use simulator::TEMPLATE_ID;

use crate::catalog_pushed;

const PATH: &str = "/subscriptions";

/// The mini-program's templates that the catalog falls back on, and one of which it knows nothing.
pub(crate) const OURS: &str = "bQ7mLw2xTz9KfYh4sRc8Vn1jPd6aGuEoXi3NtB0-yWk";
const OTHER: &str = "c1NvJ8rYk5ZqWx0mTs7LdHf3bUgAe9PiOy2RtE6-uQl";
const FOREIGN: &str = "d9HtR4vBn6McXz1qWe8LkJg2fDs7AyPoIu5TrE3-wQm";

/// A catalog with an entry for each of these templates, which falls back on it.
fn catalog(templates: &[&str]) -> String {
    let entry = |(n, template): (usize, &&str)| {
        format!(
            "[entry{n}]\ntemplate_id = \"{TEMPLATE_ID}\"\nfields.thing1 = \"{{applicant}}\"\n\
             [entry{n}.fallback]\ntemplate_id = \"{template}\"\nfields.thing1 = \"{{applicant}}\"\n"
        )
    };
    templates.iter().enumerate().map(entry).collect()
}

/// Puts such a catalog in force.
pub(crate) async fn push(world: &World, templates: &[&str]) {
    catalog_pushed::push(world, &catalog(templates)).await;
}

/// What a call with these results is answered.
pub(crate) async fn told(world: &World, token: &str, results: Value) -> Value {
    world.post(PATH, token, &json!({ "results": results })).await.ok(200)["credits"].clone()
}

#[tokio::test]
async fn each_accept_is_one_message_for_this_user_and_template() {
    let world = World::start().await;
    push(&world, &[OURS, OTHER]).await;
    let (one, other) = (world.login(1).await, world.login(2).await);
    let credits = told(&world, &one.token, json!({ OURS: "accept", OTHER: "reject" })).await;
    assert_eq!(credits, json!({ OURS: 1, OTHER: 0 }));
    // Another session of the same user; WeChat's other words for yes.
    let again = world.login(1).await;
    for (word, n) in [("acceptWithAudio", 2), ("acceptWithAlert", 3), ("acceptWithForcePush", 4)] {
        assert_eq!(told(&world, &again.token, json!({ OURS: word })).await, json!({ OURS: n }));
    }
    // What they say later takes nothing back.
    for word in ["reject", "ban", "filter", "", "Accept"] {
        assert_eq!(told(&world, &one.token, json!({ OURS: word })).await, json!({ OURS: 4 }), "{word}");
    }
    let credits = told(&world, &one.token, json!({ OURS: "accept", OTHER: "accept" })).await;
    assert_eq!(credits, json!({ OURS: 5, OTHER: 1 }));
    assert_eq!(told(&world, &other.token, json!({ OURS: "reject" })).await, json!({ OURS: 0 }));
}

#[tokio::test]
async fn what_wechat_gives_is_passed_on_whole_and_other_templates_are_passed_over() {
    let world = World::start().await;
    push(&world, &[OURS]).await;
    let token = world.login(1).await.token;
    let results = json!({ OURS: "accept", FOREIGN: "accept", "errMsg": "requestSubscribeMessage:ok" });
    assert_eq!(told(&world, &token, results).await, json!({ OURS: 1 }));
    assert_eq!(told(&world, &token, json!({ FOREIGN: "accept", "errMsg": "" })).await, json!({}));
    assert_eq!(told(&world, &token, json!({})).await, json!({}));
    // Once the catalog falls back on it, it counts from then on.
    push(&world, &[OURS, FOREIGN]).await;
    let credits = told(&world, &token, json!({ OURS: "reject", FOREIGN: "accept" })).await;
    assert_eq!(credits, json!({ OURS: 1, FOREIGN: 1 }));
    // The account's own templates are none of the mini-program's.
    assert_eq!(told(&world, &token, json!({ TEMPLATE_ID: "accept" })).await, json!({}));
}

#[tokio::test]
async fn it_is_for_users_with_a_session_and_takes_nothing_else() {
    let world = World::start().await;
    push(&world, &[OURS]).await;
    let token = world.login(1).await.token;
    let accepts = json!({ "results": { OURS: "accept" } });
    world.post(PATH, "", &accepts).await.problem(401, "unauthorized");
    world.post(PATH, "made-up", &accepts).await.problem(401, "unauthorized");
    world.post(PATH, &world.service_key, &accepts).await.problem(403, "forbidden");
    for body in [
        json!({}),
        json!({ "results": null }),
        json!({ "results": [OURS] }),
        json!({ "results": { OURS: 1 } }),
        json!({ "results": { OURS: { "accept": true } } }),
        json!({ "results": { OURS: "accept" }, "openid": world.user(2).await.openid }),
        json!([{ OURS: "accept" }]),
    ] {
        world.post(PATH, &token, &body).await.problem(400, "invalid_request");
    }
    let many: serde_json::Map<_, _> = (0..21).map(|n| (format!("t{n}"), json!("accept"))).collect();
    let problem = world.post(PATH, &token, &json!({ "results": many })).await;
    let problem = problem.problem(400, "invalid_request");
    assert!(
        problem["detail"].as_str().is_some_and(|told| told.contains("at most 20 templates")),
        "{problem}"
    );
    let large = json!({ "results": { OURS: "accept", "errMsg": "x".repeat(4096) } });
    world.post(PATH, &token, &large).await.problem(413, "too_large");
    world.post("/logout", &token, &json!({})).await.ok(200);
    world.post(PATH, &token, &accepts).await.problem(401, "unauthorized");
    // Nothing of all that was credited.
    let token = world.login(1).await.token;
    assert_eq!(told(&world, &token, json!({ OURS: "reject" })).await, json!({ OURS: 0 }));
}

#[tokio::test]
async fn a_client_in_a_loop_gets_no_more_credit_and_in_the_end_no_answer() {
    let world = World::start().await;
    push(&world, &[OURS]).await;
    let token = world.login(1).await.token;
    let accepts = json!({ "results": { OURS: "accept" } });
    for n in 1..=60 {
        let credits = told(&world, &token, accepts["results"].clone()).await;
        assert_eq!(credits, json!({ OURS: n.min(20) }));
    }
    world.post(PATH, &token, &accepts).await.problem(429, "too_many_requests");
    // Another user is not kept from it, nor this one an hour later.
    told(&world, &world.login(2).await.token, json!({ OURS: "accept" })).await;
    world.advance(3600).await;
    assert_eq!(told(&world, &token, json!({ OURS: "accept" })).await, json!({ OURS: 20 }));
}

#[tokio::test]
async fn where_wechats_events_are_counted_by_a_client_is_told_what_there_is() {
    let environment = [("SUBSCRIPTION_SOURCE".to_owned(), "events".to_owned())].into();
    let world = World::with(Settings { environment, followers: 20, ..Settings::default() }).await;
    push(&world, &[OURS]).await;
    let session = world.login(1).await;
    assert_eq!(told(&world, &session.token, json!({ OURS: "accept" })).await, json!({ OURS: 0 }));
}
