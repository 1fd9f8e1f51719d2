//! The scenarios: each one kind of weather, or several together.

use std::collections::BTreeMap;
use std::future::pending;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::World;
use local::{Faults, Settings};
use serde_json::{Value, json};

use super::client::{Batch, Client};
use super::verdict::Verdict;
use super::weather::{self, Console, REFUSALS, Reset, SEND, SUBSCRIBE, USER_INFO, errors};

/// What happens in a scenario.
pub struct Scenario {
    /// Its number, and what distinguishes it from others of that number.
    pub name: &'static str,
    /// In this mode a third party fetches a token over and over.
    rotation: Option<&'static str>,
    /// The share of sends that WeChat answers with -1, half of which it delivers.
    busy: f64,
    /// The share of sends whose connection is cut, half of which it delivers.
    cut: f64,
    /// How often the workers are killed.
    kills: u32,
    /// How many more times than once the queue delivers a job.
    extra_copies: u32,
    /// The minute's and the day's quota are used up.
    quota: Option<Reset>,
    /// The share of calls to the tables that fail.
    dynamodb: f64,
    /// WeChat calls every openid another account's, until that is repaired.
    wrong_appid: bool,
    /// The share of sends that are refused for good, one way or another.
    refused: f64,
    /// Tables and queues are gone until jobs are among the dead letters, from where they are moved back.
    redriven: bool,
    /// What is wrong in WeChat's consoles, for half an hour.
    console: Option<Console>,
    /// Not everybody follows, and some have accepted messages in the mini-program instead.
    fallback: bool,
    /// How many messages may end as unknown.
    most_unknown: Option<Most>,
}

/// So many of 1,000, and so many of however few.
struct Most {
    in_1000: u64,
    of_few: u64,
}

const FAIR: Scenario = Scenario {
    name: "",
    rotation: None,
    busy: 0.0,
    cut: 0.0,
    kills: 0,
    extra_copies: 0,
    quota: None,
    dynamodb: 0.0,
    wrong_appid: false,
    refused: 0.0,
    redriven: false,
    console: None,
    fallback: false,
    most_unknown: None,
};

/// All of them, in order.
pub static SCENARIOS: [Scenario; 16] = [
    Scenario { name: "1-classic", rotation: Some("classic"), ..FAIR },
    Scenario { name: "1-stable", rotation: Some("stable"), ..FAIR },
    Scenario { name: "2", busy: 0.3, most_unknown: Some(Most { in_1000: 1, of_few: 1 }), ..FAIR },
    Scenario { name: "3", cut: 0.1, ..FAIR },
    Scenario { name: "4", kills: 5, ..FAIR },
    Scenario { name: "5", extra_copies: 2, ..FAIR },
    Scenario { name: "6", quota: Some(Reset::Midnight), ..FAIR },
    Scenario { name: "7", dynamodb: 0.05, ..FAIR },
    Scenario { name: "8", wrong_appid: true, ..FAIR },
    Scenario {
        name: "9",
        rotation: Some("classic"),
        busy: 0.3,
        cut: 0.1,
        kills: 5,
        extra_copies: 2,
        quota: Some(Reset::Cleared),
        dynamodb: 0.05,
        ..FAIR
    },
    Scenario {
        name: "10",
        rotation: Some("classic"),
        busy: 0.3,
        cut: 0.1,
        most_unknown: Some(Most { in_1000: 2, of_few: 1 }),
        ..FAIR
    },
    // Refused for good after a lost answer: nobody can know.
    Scenario {
        name: "11",
        busy: 0.3,
        cut: 0.1,
        refused: 0.1,
        most_unknown: Some(Most { in_1000: 40, of_few: 20 }),
        ..FAIR
    },
    // Whole jobs come back after WeChat has forgotten them.
    Scenario { name: "12", redriven: true, most_unknown: Some(Most { in_1000: 50, of_few: 100 }), ..FAIR },
    Scenario { name: "13", console: Some(Console::Whitelist), ..FAIR },
    Scenario { name: "14", console: Some(Console::Template), ..FAIR },
    // Of a subscribe message there is no second try: each lost answer is one that nobody knows of. A third of the messages
    // are such, and 28 % of the calls are lost.
    Scenario {
        name: "15",
        busy: 0.2,
        cut: 0.1,
        extra_copies: 2,
        dynamodb: 0.05,
        fallback: true,
        most_unknown: Some(Most { in_1000: 130, of_few: 40 }),
        ..FAIR
    },
];

/// How long a scenario may take, in small and in large.
const PATIENCE: Duration = Duration::from_secs(4 * 60);
const LARGE_PATIENCE: Duration = Duration::from_secs(15 * 60);
/// From this many messages on, a run is a large one.
pub const LARGE: u32 = 1_000;

/// The calls are made over this time, for the weather to change in between.
const SPREAD: Duration = Duration::from_secs(10 * 60);

/// How long copies of jobs may be about after the last message has its end, by the machine's time.
const DRAIN: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(20);

impl Scenario {
    /// 1 for `1-classic`.
    pub fn number(&self) -> u32 {
        self.name.split('-').next().and_then(|number| number.parse().ok()).unwrap_or_default()
    }

    /// Runs it on a stack of its own. `function` is a program that can be any function, for the workers that
    /// are killed.
    pub async fn run(&self, messages: u32, seed: u64, function: &Path) -> Verdict {
        let started = Instant::now();
        let world = self.world(messages, seed, function).await;
        let verdict = world.while_time_passes(self.run_in(&world, messages, seed)).await;
        world.stop().await;
        Verdict { scenario: self.name, seconds: seconds(started), ..verdict }
    }

    async fn run_in(&self, world: &World, messages: u32, seed: u64) -> Verdict {
        let patience = if messages > LARGE { LARGE_PATIENCE } else { PATIENCE };
        let users = if self.fallback { messages + messages / 2 } else { messages };
        let mut client = Client::new(world, users, seed, patience).await;
        client.sync().await;
        if self.fallback {
            client.accept(messages).await;
        }
        self.begin(world).await;
        let (mut batches, mut missed) = (Vec::new(), Vec::new());
        let messages_flow = async {
            batches = client.send(messages, SPREAD).await;
            client.settle(&mut batches).await;
        };
        tokio::select! {
            ((), ()) = async { tokio::join!(messages_flow, self.happen(world, messages)) } => {}
            () = self.go_on(world) => {}
            () = tokio::time::sleep(patience) => missed.push("it took too long".to_owned()),
        }
        if self.wrong_appid {
            missed.extend(repair(world, &client, &mut batches).await);
        }
        missed.extend(drain(world).await);
        let stats = world.stats().await;
        missed.extend(self.missed(&stats));
        let calls = world.calls(SEND).await;
        let errors = &stats["endpoints"][SEND]["errors"];
        eprintln!("chaos {}: {calls} sends, answered {errors}; it is {}", self.name, world.clock().await);
        let may_fail = self.refused > 0.0;
        let verdict = Verdict::of(&batches, &world.deliveries().await, &stats, may_fail);
        if self.fallback && verdict.fallen_back == 0 {
            missed.push("nobody fell back".to_owned());
        }
        Verdict { missed, ..verdict }
    }

    /// What is wrong with what it came to.
    pub fn faults(&self, verdict: &Verdict) -> Vec<String> {
        let mut faults = verdict.faults();
        let most = self.most_unknown.as_ref();
        let most = most.map(|most| (verdict.accepted * most.in_1000).div_ceil(1000).max(most.of_few));
        if most.is_some_and(|most| verdict.unknown > most) {
            faults.push(format!("unknown is {}", verdict.unknown));
        }
        faults
    }

    /// A stack and a WeChat whose dice are of this seed.
    async fn world(&self, followers: u32, seed: u64, function: &Path) -> World {
        let programs = (self.kills > 0).then(|| ("deliver".to_owned(), function.to_owned()));
        let mut environment = BTreeMap::from([("LOG_LEVEL".to_owned(), "error".to_owned())]);
        environment.extend(self.rotation.map(|mode| ("TOKEN_MODE".to_owned(), mode.to_owned())));
        World::with(Settings {
            followers,
            programs: programs.into_iter().collect(),
            faults: Faults {
                seed,
                dynamodb: self.dynamodb,
                extra_copies: self.extra_copies,
                ..Faults::default()
            },
            environment,
            ..Settings::default()
        })
        .await
    }

    /// What is wrong from the first message on.
    async fn begin(&self, world: &World) {
        let send = async |fault: Value| {
            for endpoint in [SEND, SUBSCRIBE] {
                let mut fault = fault.clone();
                fault["endpoint"] = endpoint.into();
                world.fault(fault).await;
            }
        };
        if self.busy > 0.0 {
            send(json!({ "probability": self.busy, "errcode": -1, "delivered": 0.5 })).await;
        }
        if self.cut > 0.0 {
            send(json!({ "probability": self.cut, "cut": true, "delivered": 0.5 })).await;
        }
        if let Some(Reset::Midnight) = self.quota {
            weather::let_evening_come(world).await;
        }
        if self.kills > 0 || self.redriven {
            // For jobs to be in hand when the workers are killed, or tables and queues are gone.
            send(json!({ "latency_ms": 100 })).await;
        }
        for errcode in REFUSALS {
            let probability = self.refused / REFUSALS.len() as f64;
            if probability > 0.0 {
                send(json!({ "probability": probability, "errcode": errcode })).await;
            }
        }
        if let Some(console) = self.console {
            console.break_it(world).await;
        }
        if self.wrong_appid {
            send(json!({ "errcode": 40003 })).await;
            world.fault(json!({ "endpoint": USER_INFO, "errcode": 40003 })).await;
        }
    }

    /// What happens once.
    async fn happen(&self, world: &World, messages: u32) {
        let quota = async {
            if let Some(reset) = self.quota {
                weather::exhaust(world, messages, reset).await;
            }
        };
        let redriven = async {
            if self.redriven {
                weather::redrive(world, messages).await;
            }
        };
        let console = async {
            if let Some(console) = self.console {
                console.is_wrong_for_a_while(world).await;
            }
        };
        tokio::join!(weather::kill(world, self.kills, messages), quota, redriven, console);
    }

    /// What happens over and over.
    async fn go_on(&self, world: &World) {
        match self.rotation {
            Some(mode) => weather::rotate(world, mode).await,
            None => pending().await,
        }
    }

    /// A scenario in which nothing went wrong proves nothing.
    fn missed(&self, stats: &Value) -> Vec<String> {
        let expected = [
            (self.rotation.is_some(), "40001"),
            (self.busy > 0.0, "-1"),
            (self.cut > 0.0, "cut"),
            (self.quota.is_some(), "45011"),
            (self.quota.is_some(), "45009"),
            (self.wrong_appid, "40003"),
            (self.refused > 0.0, "47003"),
            (self.console.is_some(), self.console.map_or("", Console::errcode)),
        ];
        let missed =
            expected.into_iter().filter(|(is_expected, how)| *is_expected && errors(stats, how) == 0);
        missed.map(|(_, how)| format!("no send ended in {how}")).collect()
    }
}

/// The appid is put right: the map is as it was, and all that failed arrives.
async fn repair(world: &World, client: &Client<'_>, batches: &mut [Batch]) -> Vec<String> {
    // Half of the recipients are named by the Official Account's openid.
    let reasons = ["misconfigured", "invalid_openid"];
    let is_so = |message: &Value| {
        message["state"] == "failed" && reasons.iter().any(|reason| message["reason"] == *reason)
    };
    let mut wrong = Vec::new();
    let others = batches.iter().flat_map(|batch| &batch.messages).filter(|message| !is_so(message)).count();
    if others > 0 {
        wrong.push(format!("{others} messages did not fail as they should"));
    }
    world.clear_faults().await;
    let progress = client.sync().await;
    if progress["new"] != 0 || progress["removed"] != 0 || progress["known"] != progress["listed"] {
        wrong.push(format!("the map was touched: {progress}"));
    }
    client.replay(batches).await;
    client.settle(batches).await;
    wrong
}

/// Waits until the queue is empty: copies of jobs may be about after all messages have their end.
async fn drain(world: &World) -> Vec<String> {
    let deadline = Instant::now() + DRAIN;
    while world.queued("DeliverQueue").await > 0 && Instant::now() < deadline {
        tokio::time::sleep(GLANCE).await;
    }
    let left = [("DeliverQueue", "left on the queue"), ("DeliverDeadLetters", "among the dead letters")];
    let mut wrong = Vec::new();
    for (queue, place) in left {
        let jobs = world.queued(queue).await;
        wrong.extend((jobs > 0).then(|| format!("{jobs} jobs are {place}")));
    }
    wrong
}

fn seconds(since: Instant) -> f64 {
    (since.elapsed().as_secs_f64() * 10.0).round() / 10.0
}
