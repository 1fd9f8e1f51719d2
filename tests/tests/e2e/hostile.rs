//! Whatever anybody sends, to every route: the answer is the contract's, never a mistake of ours, and says nothing
//! back.

use contract::openapi;
use contract::routes::{BodyKind, ROUTES, Route};
use harness::World;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// Stands in all that is sent, so that it is seen where it comes back.
const MARK: &str = "Mark0f7ae1";

/// Stands for one that is there.
const A_BATCH: &str = "a batch";

/// What trips readers.
const ODD: [&str; 12] = [
    "",
    " ",
    "\0",
    "\u{feff}",
    "\u{202e}",
    "\u{ffff}",
    "null",
    "../..",
    "%2e%2e%2f",
    "{{7*7}}",
    "😀",
    "\"}]",
];

fn text() -> impl Strategy<Value = String> {
    text_up_to(3000)
}

fn text_up_to(longest: usize) -> impl Strategy<Value = String> {
    let long = (0..longest).prop_map(|length| "长".repeat(length));
    let odd = select(ODD.to_vec()).prop_map(str::to_owned);
    (prop_oneof![odd, any::<String>(), long], any::<bool>())
        .prop_map(|(text, marked)| if marked { format!("{MARK}{text}") } else { text })
}

fn value() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(1e308)),
        Just(json!(u64::MAX)),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        text().prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        let object =
            vec((text(), inner.clone()), 0..6).prop_map(|members| Value::Object(Map::from_iter(members)));
        prop_oneof![vec(inner, 0..8).prop_map(Value::Array), object]
    })
}

/// What a route takes, with one place changed; or anything.
fn body(route: &'static Route) -> BoxedStrategy<Vec<u8>> {
    let anything =
        prop_oneof![vec(any::<u8>(), 0..500), value().prop_map(|value| value.to_string().into_bytes())];
    let Some(BodyKind::Json(of) | BodyKind::OptionalJson(of)) = route.request.map(|body| body.kind) else {
        return anything.boxed();
    };
    let example = openapi::example(of);
    let nearly = (select(harness::places(&example)), value(), proptest::option::of(text())).prop_map(
        move |(place, other, name)| {
            let mut changed = example.clone();
            match (changed.pointer_mut(&place), name) {
                (Some(Value::Object(members)), Some(name)) => drop(members.insert(name, other)),
                (Some(changed), _) => *changed = other,
                (None, _) => {}
            }
            changed.to_string().into_bytes()
        },
    );
    prop_oneof![3 => nearly, 1 => anything].boxed()
}

#[derive(Clone, Copy, Debug)]
enum Bearer {
    None,
    MadeUp,
    Session,
    Key,
}

fn call() -> impl Strategy<Value = (&'static Route, Bearer, String, String, Vec<u8>)> {
    let bearer = select(vec![Bearer::None, Bearer::MadeUp, Bearer::Session, Bearer::Key]);
    let id = prop_oneof![Just(A_BATCH.to_owned()), text_up_to(200)];
    (select(ROUTES.to_vec()), bearer, id, vec((text_up_to(200), text_up_to(200)), 0..3)).prop_flat_map(
        |(route, bearer, id, query)| {
            let query = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(
                    query.iter().map(|(name, value)| (if name.is_empty() { "after" } else { name }, value)),
                )
                .finish();
            (Just(route), Just(bearer), Just(id), Just(query), body(route))
        },
    )
}

#[test]
fn whatever_is_sent_is_answered_by_the_contract_and_never_a_mistake_of_ours() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (world, session, batch) = runtime.block_on(async {
        let world = World::start().await;
        world.sync_until_done().await;
        let session = world.login(1).await;
        let batch = world.send_to(&json!({ "unionid": world.user(2).await.unionid })).await;
        (world, session, batch)
    });
    proptest!(ProptestConfig::with_cases(1500), |((route, bearer, id, query, body) in call())| {
        let id = if id == A_BATCH { batch.clone() } else { id };
        let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
        let path = format!("{}?{query}", route.at(&id));
        let bearer = match bearer {
            Bearer::None => "",
            Bearer::MadeUp => MARK,
            Bearer::Session => &session.token,
            Bearer::Key => &world.service_key,
        };
        let answer = runtime.block_on(world.call(route.method.clone(), &path, bearer, body));
        prop_assert!(answer.status < 500, "{} {path}: {}", route.method, answer.body);
        // A batch that was taken names whom it was for.
        let told = answer.body.to_string();
        prop_assert!(answer.status < 300 || !told.contains(MARK) && told.len() < 2000, "{told}");
    });
}
