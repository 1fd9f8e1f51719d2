//! Users who are imported, where a login or another import comes in between. The rest is the operator's program's.

use harness::World;
use serde_json::json;
use shared::store::{self, Identities, Imported, Registration};

fn identities(world: &World) -> Identities {
    let config = world.stack().config();
    Identities::new(&config, store::client(&config).expect("tables")).expect("a map")
}

#[tokio::test]
async fn what_a_login_says_outdoes_an_import_of_the_same_second() {
    let world = World::start().await;
    let identities = identities(&world);
    assert_eq!(identities.import("o1", "uz-of-old").await.ok(), Some(Imported::Written));
    // A login that the import did not see, for the index lags behind.
    identities.record_login("o1", Some("ua-of-now")).await.expect("written");
    let known = identities.registration("o1").await.expect("known");
    assert_eq!(known, Registration::Bound("ua-of-now".to_owned()));
}

#[tokio::test]
async fn of_two_users_with_one_unionid_one_is_written() {
    let world = World::start().await;
    let identities = identities(&world);
    let (one, other) = tokio::join!(identities.import("o1", "u"), identities.import("o2", "u"));
    let outcomes = [one, other].map(|outcome| outcome.expect("an outcome"));
    assert!(
        outcomes.iter().all(|outcome| [Imported::Written, Imported::Corrected].contains(outcome)),
        "{outcomes:?}"
    );
    let known = [identities.registration("o1").await, identities.registration("o2").await];
    let bound = known.into_iter().filter(|known| matches!(known, Ok(Registration::Bound(_)))).count();
    assert_eq!(bound, 1, "the later one");
}

/// What another system says is no proof of whose the follower is whom it names.
#[tokio::test]
async fn a_wrong_pair_sends_nobodys_messages_elsewhere_once_its_user_has_logged_in() {
    let world = World::start().await;
    world.sync_until_done().await;
    let identities = identities(&world);
    // One follows and the other does not, then both do.
    for (user, stranger) in [(100, 5), (6, 7)] {
        let [user_ids, stranger_ids] = [world.user(user).await, world.user(stranger).await];
        let wrong = identities.import(&user_ids.openid, &stranger_ids.unionid).await.expect("an outcome");
        assert_eq!(wrong, Imported::Written);
        let follows = user < 20;
        assert_eq!(world.login(user).await.answer["following"], follows);
        let sent = world.send(&json!([{ "openid": user_ids.openid }])).await;
        assert_eq!(sent["accepted"], u32::from(follows), "{sent}");
        assert_eq!(world.login(stranger).await.answer["following"], true);
        let id = world.send_to(&json!({ "openid": stranger_ids.openid })).await;
        world.outcome(&id).await;
        assert_eq!(world.messages_of(stranger).await.len(), 1, "their own");
    }
}

#[tokio::test]
async fn a_wrong_pair_is_corrected_by_a_later_import_and_by_wechat() {
    let world = World::start().await;
    let identities = identities(&world);
    let import = async |openid, unionid| identities.import(openid, unionid).await.expect("an outcome");
    let known = async |openid| identities.registration(openid).await.expect("known");
    let bound = |unionid: &str| Registration::Bound(unionid.to_owned());
    for (openid, unionid) in [("o1", "u2"), ("o2", "u1")] {
        assert_eq!(import(openid, unionid).await, Imported::Written);
    }
    for (openid, unionid) in [("o1", "u1"), ("o2", "u2")] {
        assert_eq!(identities.would_import(openid, unionid).await.expect("an outcome"), Imported::Corrected);
    }
    // With the first of them goes the row that is in the way of the second.
    for (openid, unionid, expected) in [("o1", "u1", Imported::Corrected), ("o2", "u2", Imported::Written)] {
        assert_eq!(import(openid, unionid).await, expected);
        assert_eq!(import(openid, unionid).await, Imported::Unchanged);
        assert_eq!(known(openid).await, bound(unionid));
    }
    // What was decrypted outdoes it, and takes nobody else's.
    assert!(!identities.learn_unionid("o1", "u2").await.expect("an answer"), "imported for another");
    assert!(identities.learn_unionid("o1", "u3").await.expect("an answer"));
    assert_eq!(known("o1").await, bound("u3"));
    assert!(!identities.learn_unionid("o1", "u4").await.expect("an answer"));
    assert_eq!(import("o1", "u1").await, Imported::Differs);
    assert_eq!(import("o9", "u3").await, Imported::Differs);
}

#[tokio::test]
async fn a_file_that_was_shifted_by_a_line_is_corrected_whole() {
    let world = World::start().await;
    let identities = identities(&world);
    let import = async |shift: u32| {
        let pairs = (0..100).map(|n| (format!("o{n}"), format!("u{}", (n + shift) % 100)));
        let import = async |(openid, unionid): (String, String)| identities.import(&openid, &unionid).await;
        let outcomes = futures::future::join_all(pairs.map(import)).await;
        outcomes.into_iter().map(|outcome| outcome.expect("an outcome")).collect::<Vec<_>>()
    };
    assert!(import(1).await.iter().all(|outcome| *outcome == Imported::Written));
    assert!(!import(0).await.contains(&Imported::Differs));
    for n in 0..100 {
        let known = identities.registration(&format!("o{n}")).await.expect("known");
        assert_eq!(known, Registration::Bound(format!("u{n}")));
    }
}

#[tokio::test]
async fn a_login_for_which_wechat_gives_no_unionid_confirms_no_pair_and_what_is_sealed_does() {
    let world = World::start().await;
    world.sync_until_done().await;
    let [one, stranger] = [world.user(1).await, world.user(2).await];
    identities(&world).import(&one.openid, &stranger.unionid).await.expect("an outcome");
    world.user_does(1, "hide-unionid").await;
    let session = world.login(1).await;
    assert_eq!(session.answer["unionid"], stranger.unionid.as_str());
    world.user_does(1, "show-unionid").await;
    let sealed = world.sealed(1, &json!({})).await;
    let opened = world.post("/decrypt", &session.token, &sealed).await.ok(200);
    assert_eq!(opened["unionid"], one.unionid.as_str());
    // From now on it is WeChat's word, and nothing sealed outdoes that.
    let forged = world.sealed(1, &json!({ "unionId": "forged" })).await;
    let opened = world.post("/decrypt", &session.token, &forged).await.ok(200);
    assert_eq!(opened["unionid"], one.unionid.as_str());
    world.user_does(1, "hide-unionid").await;
    assert_eq!(world.login(1).await.answer["unionid"], one.unionid.as_str());
    let id = world.send_to(&json!({ "openid": one.openid })).await;
    world.outcome(&id).await;
    assert_eq!([world.messages_of(1).await.len(), world.messages_of(2).await.len()], [1, 0]);
}
