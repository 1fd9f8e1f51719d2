//! Service keys: who is let in, and for what. How they are made is the operator's program's.

use contract::routes::{ROUTES, Who};
use harness::World;
use local::Settings;
use serde_json::json;
use shared::session::Token;
use shared::store::{self, KeyRow, Keys};
use strum::IntoEnumIterator;

/// As older versions had keys made: no prefix, and to be mistaken for a session's token.
const OLD_KEY: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFE";

fn keys(world: &World) -> Keys {
    let config = world.stack().config();
    Keys::new(&config, store::client(&config).expect("tables")).expect("a table of keys")
}

async fn key(world: &World, scopes: &[contract::Scope], ends_at: Option<i64>) -> String {
    let key = Token::random_key();
    let row =
        KeyRow { id: key.id(), name: "backend".into(), scopes: scopes.to_vec(), created_at: 1, ends_at };
    keys(world).put(&row).await.expect("a key");
    key.into_text()
}

#[tokio::test]
async fn a_key_that_looks_like_a_session_is_let_in_all_the_same() {
    let service_key = Some(OLD_KEY.to_owned());
    let world = World::with(Settings { followers: 20, service_key, ..Settings::default() }).await;
    assert!(Token::from_text(OLD_KEY).may_be_a_sessions());
    world.sync_until_done().await;
    let id = world.send_to(&json!({ "oa_openid": world.user(1).await.oa_openid })).await;
    assert_eq!(world.outcome(&id).await["state"], "sent");
}

#[tokio::test]
async fn a_key_does_what_its_scopes_name_and_nothing_else() {
    let world = World::start().await;
    let to = json!([{ "oa_openid": world.user(1).await.oa_openid }]);
    let anothers = world.send(&to).await;
    let anothers = anothers["id"].as_str().expect("an id");
    for scope in contract::Scope::iter().map(Some).chain([None]) {
        let scopes: Vec<_> = scope.into_iter().collect();
        let key = key(&world, &scopes, None).await;
        for route in ROUTES {
            let (Who::Key(wanted) | Who::SessionOrKey(wanted)) = route.who else { continue };
            let answer = world.call(route.method.clone(), &route.at(anothers), &key, "{}").await;
            let is_allowed = answer.status != 403;
            assert_eq!(is_allowed, scope == Some(wanted), "{scope:?}: {} {}", route.method, route.path);
            assert!(answer.status < 500, "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn whoever_may_only_send_sees_what_they_sent() {
    let world = World::start().await;
    let key = key(&world, &[contract::Scope::Send], None).await;
    let to = json!([{ "oa_openid": world.user(1).await.oa_openid }]);
    let sent = world.send_as(&key, "approval_submitted", &to).await.ok(202);
    world.get(&format!("/send/{}", sent["id"].as_str().expect("an id")), &key).await.ok(200);
}

#[tokio::test]
async fn a_key_at_its_end_is_nobodys() {
    let world = World::start().await;
    let ended = key(&world, &contract::Scope::DEFAULT, Some(world.clock().await - 1)).await;
    world.get("/send/x", &ended).await.problem(401, "unauthorized");
    let lasting = key(&world, &contract::Scope::DEFAULT, Some(i64::MAX)).await;
    world.get("/send/x", &lasting).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_row_that_does_not_read_lets_nobody_in_and_is_no_trouble_of_the_tables() {
    let world = World::start().await;
    let config = world.stack().config();
    let (client, table) = (store::client(&config).expect("tables"), config.keys_table().expect("its name"));
    let odd = key(&world, &contract::Scope::DEFAULT, None).await;
    let id = Token::from_text(&odd).id();
    let items = client.scan().table_name(&table).send().await.expect("keys").items.unwrap_or_default();
    let is_it = |item: &&std::collections::HashMap<_, _>| format!("{item:?}").contains(&id);
    let mut item = items.iter().find(is_it).expect("the key").clone();
    // A text where a number belongs.
    item.insert("ends_at".to_owned(), item["name"].clone());
    client.put_item().table_name(&table).set_item(Some(item)).send().await.expect("written");
    world.get("/send/x", &odd).await.problem(401, "unauthorized");
}
