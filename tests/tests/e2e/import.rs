//! Users who are imported, where a login or another import comes in between. The rest is the operator's program's.

use harness::World;
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
    let mut outcomes = [one, other].map(|outcome| outcome.expect("an outcome"));
    outcomes.sort_by_key(|outcome| *outcome as u8);
    assert_eq!(outcomes, [Imported::Written, Imported::Differs]);
}
