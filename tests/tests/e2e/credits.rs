//! Credits in the table: one accept, one message, whoever asks and however often.

use futures::future::join_all;
use harness::World;
use local::{Faults, Settings};
use shared::store::{self, Credits, Take};

const USER: &str = "oUser";
const T: &str = "tOne";

/// The table of this world.
pub(crate) fn credits(world: &World) -> Credits {
    let config = world.stack().config();
    Credits::new(&config, store::client(&config).expect("tables")).expect("a table of states")
}

async fn count(credits: &Credits, template: &str) -> u32 {
    credits.of(USER).await.expect("a row").get(template).copied().unwrap_or_default()
}

async fn take(credits: &Credits, mark: &str) -> Take {
    credits.take(USER, T, mark).await.expect("an answer")
}

#[tokio::test]
async fn of_two_hundred_who_want_one_credit_at_once_one_has_it() {
    let world = World::start().await;
    let credits = credits(&world);
    credits.add(USER, &[T]).await.expect("added");
    let marks: Vec<_> = (0..200).map(|n| format!("b-{n}")).collect();
    let takes = join_all(marks.iter().map(|mark| take(&credits, mark))).await;
    let taken: Vec<_> = takes.iter().filter(|take| **take == Take::Taken).collect();
    assert_eq!(taken.len(), 1);
    assert!(takes.iter().all(|take| matches!(take, Take::Taken | Take::NoCredit)), "{takes:?}");
    assert_eq!(count(&credits, T).await, 0);
}

#[tokio::test]
async fn one_message_takes_one_credit_however_often_it_comes() {
    let world = World::start().await;
    let credits = credits(&world);
    for _ in 0..3 {
        credits.add(USER, &[T]).await.expect("added");
    }
    let takes = join_all((0..50).map(|_| take(&credits, "b-1"))).await;
    assert_eq!(takes.iter().filter(|take| **take == Take::Taken).count(), 1, "{takes:?}");
    let now = world.stack().clock().now();
    let others: Vec<_> = takes.iter().filter(|take| **take != Take::Taken).collect();
    assert!(
        others.iter().all(|take| matches!(take, Take::AlreadyTaken { at } if now - at < 60)),
        "{others:?}"
    );
    assert_eq!(count(&credits, T).await, 2);
    // Its next round is another message.
    assert_eq!((take(&credits, "b-1r1").await, count(&credits, T).await), (Take::Taken, 1));
}

#[tokio::test]
async fn what_was_not_sent_is_given_back_once() {
    let world = World::start().await;
    let credits = credits(&world);
    credits.add(USER, &[T]).await.expect("added");
    take(&credits, "b-1").await;
    let give_back = || credits.give_back(USER, T, "b-1");
    let given = join_all((0..20).map(|_| give_back())).await;
    assert_eq!(given.into_iter().filter(|given| *given.as_ref().expect("an answer")).count(), 1);
    assert_eq!(count(&credits, T).await, 1);
    // And it can be taken anew, by the same message too.
    assert_eq!((take(&credits, "b-1").await, count(&credits, T).await), (Take::Taken, 0));
}

#[tokio::test]
async fn wechats_word_that_there_is_none_takes_all_of_that_template_and_of_no_other() {
    let world = World::start().await;
    let credits = credits(&world);
    for _ in 0..2 {
        credits.add(USER, &[T, "tTwo"]).await.expect("added");
    }
    take(&credits, "b-1").await;
    assert!(credits.zero(USER, T, "b-1").await.expect("an answer"));
    assert_eq!((count(&credits, T).await, count(&credits, "tTwo").await), (0, 2));
    assert_eq!(take(&credits, "b-1").await, Take::NoCredit, "its mark is gone, too");
    assert!(!credits.zero(USER, "tThree", "b-1").await.expect("an answer"));
}

#[tokio::test]
async fn what_was_accepted_while_wechat_said_that_there_is_none_is_kept() {
    let world = World::start().await;
    let credits = credits(&world);
    credits.add(USER, &[T]).await.expect("added");
    take(&credits, "b-1").await;
    world.advance(1).await;
    credits.add(USER, &[T]).await.expect("added");
    assert!(!credits.zero(USER, T, "b-1").await.expect("an answer"));
    assert_eq!(count(&credits, T).await, 1);
    assert_eq!(take(&credits, "b-1").await, Take::Taken, "its mark is gone");
}

#[tokio::test]
async fn accepts_add_up_to_twenty_each_template_for_itself() {
    let world = World::start().await;
    let credits = credits(&world);
    // They all begin the row at once.
    let added = join_all((0..10).map(|_| credits.add(USER, &[T]))).await;
    assert!(added.iter().all(Result::is_ok), "{added:?}");
    assert_eq!(count(&credits, T).await, 10);
    for _ in 0..15 {
        credits.add(USER, &[T, "tTwo"]).await.expect("added");
    }
    let counts = credits.add(USER, &[T, "tTwo"]).await.expect("added");
    assert_eq!(counts, [(T.to_owned(), 20), ("tTwo".to_owned(), 16)].into());
    assert_eq!(credits.add(USER, &[T]).await.expect("an answer"), counts);
}

#[tokio::test]
async fn nobody_takes_what_was_never_accepted_or_a_year_ago() {
    let world = World::start().await;
    let credits = credits(&world);
    assert_eq!(take(&credits, "b-1").await, Take::NoCredit);
    assert!(!credits.give_back(USER, T, "b-1").await.expect("an answer"));
    assert!(!credits.zero(USER, T, "b-1").await.expect("an answer"));
    credits.add(USER, &[T]).await.expect("added");
    assert_eq!(credits.take(USER, "tTwo", "b-1").await.expect("an answer"), Take::NoCredit);
    assert_eq!(credits.take("oOther", T, "b-1").await.expect("an answer"), Take::NoCredit);
    world.advance(365 * 24 * 3600).await;
    assert_eq!((take(&credits, "b-1").await, count(&credits, T).await), (Take::NoCredit, 0));
    credits.add(USER, &[T]).await.expect("added");
    assert_eq!(count(&credits, T).await, 1, "what is over is not counted on");
}

#[tokio::test]
async fn marks_do_not_pile_up_and_stay_as_long_as_a_queue_may_have_their_message() {
    let world = World::start().await;
    let credits = credits(&world);
    for n in 0..3 {
        credits.add(USER, &[T]).await.expect("added");
        take(&credits, &format!("b-{n}")).await;
    }
    world.advance(28 * 24 * 3600).await;
    credits.add(USER, &[T]).await.expect("added");
    assert!(matches!(take(&credits, "b-0").await, Take::AlreadyTaken { .. }));
    world.advance(2 * 24 * 3600).await;
    credits.add(USER, &[T]).await.expect("added");
    take(&credits, "b-new").await;
    credits.add(USER, &[T]).await.expect("added");
    assert!(matches!(take(&credits, "b-new").await, Take::AlreadyTaken { .. }));
    for n in 0..3 {
        assert!(!credits.give_back(USER, T, &format!("b-{n}")).await.expect("an answer"));
    }
}

#[tokio::test]
async fn a_forgotten_user_has_nothing_and_gets_nothing_back() {
    let world = World::start().await;
    let credits = credits(&world);
    for _ in 0..3 {
        credits.add(USER, &[T, "tTwo"]).await.expect("added");
    }
    credits.add("oOther", &[T]).await.expect("added");
    take(&credits, "b-1").await;
    assert_eq!(credits.forget(USER).await.expect("deleted"), 5);
    assert_eq!(credits.forget(USER).await.expect("deleted"), 0);
    assert!(!credits.give_back(USER, T, "b-1").await.expect("an answer"));
    assert_eq!(count(&credits, T).await, 0);
    assert_eq!(credits.of("oOther").await.expect("a row").len(), 1);
}

/// The same, as a function sees it, whose calls may fail.
fn as_a_function(world: &World) -> Credits {
    let config = world.stack().config_of("send");
    Credits::new(&config, store::client(&config).expect("tables")).expect("a table of states")
}

/// The client makes a write again whose answer was lost, and finds what it has written.
#[tokio::test]
async fn a_message_that_has_taken_its_credit_a_moment_ago_by_the_same_call_has_it() {
    let faults = Faults { seed: 3, dynamodb: 0.3, ..Faults::default() };
    let world = World::with(Settings { followers: 1, faults, ..Settings::default() }).await;
    let credits = as_a_function(&world);
    let mut takes = Vec::new();
    for batch in 0..3 {
        while !credits.add(USER, &[T]).await.is_ok_and(|counts| counts[T] == 20) {}
        let marks: Vec<_> = (0..15).map(|n| format!("b{batch}-{n}")).collect();
        takes.extend(join_all(marks.iter().map(|mark| credits.take(USER, T, mark))).await);
    }
    let answers: Vec<_> = takes.iter().flatten().collect();
    assert!(answers.len() > 30 && answers.iter().all(|take| **take == Take::Taken), "{takes:?}");
}
