//! The simulated phone with the mini-program on it: what its user taps, the backend is told by the mini-program.

use harness::World;
use serde_json::json;
use simulator::SUBSCRIBE_TEMPLATE_ID;

/// Users from this one on do not follow.
const STRANGER: u32 = 100;

#[tokio::test]
async fn a_user_logs_in_and_accepts_on_the_phone_and_is_reached() {
    let world = World::start().await;
    let told = world.tell(&format!("/_sim/users/{STRANGER}/login"), &json!({})).await;
    let [backend, code] = [&told["backend"], &told["code"]];
    assert_eq!(
        (&backend["status"], code.is_null(), &told["has_session"]),
        (&json!(200), true, &json!(true)),
        "{told}"
    );
    assert!(backend["body"]["token"].is_null(), "a session is nobody else's: {told}");
    let accept = json!({ "template_id": SUBSCRIBE_TEMPLATE_ID });
    let told = world.tell(&format!("/_sim/users/{STRANGER}/accept-message"), &accept).await;
    assert_eq!(told["backend"]["status"], 200, "{told}");
    let id = world.send_to(&json!({ "openid": told["mini_openid"] })).await;
    assert_eq!(world.outcome(&id).await["state"], "sent");
    assert_eq!(world.subscribe_messages_of(STRANGER).await.len(), 1);
}
