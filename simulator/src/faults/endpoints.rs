//! Faults on demand: latency, errors, broken answers and cut connections, by the roll of seeded dice.

use std::time::Duration;

use axum::http::HeaderValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::faults::dice::{Dice, are_shares};
use crate::world::refusal::Refusal;

/// What a test asked for.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// A path of the API, or `*` for all of them.
    pub(crate) endpoint: String,
    #[serde(default = "always")]
    probability: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    errcode: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errmsg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
    #[serde(default)]
    cut: bool,
    /// These bytes are the answer, in base64.
    #[serde(default, deserialize_with = "base64_bytes", skip_serializing)]
    body_base64: Option<Vec<u8>>,
    /// The answer is a 302 to this address.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    /// Share of the failing calls that take effect all the same.
    #[serde(default)]
    delivered: f64,
    /// How often it still strikes; `None` is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
    /// Strikes only calls about this user.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<u32>,
}

fn always() -> f64 {
    1.0
}

fn base64_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let bytes = text.map(|text| STANDARD.decode(text)).transpose();
    bytes.map_err(|_| D::Error::custom("body_base64 is base64"))
}

impl Fault {
    /// `Err` is a sentence about what is wrong with the order.
    pub(crate) fn validate(&self) -> Result<(), &'static str> {
        if !are_shares(&[self.probability, self.delivered]) {
            return Err("probability and delivered are shares between 0 and 1.");
        }
        if self.http_status.is_some_and(|status| !(200..600).contains(&status)) {
            return Err("http_status is a number between 200 and 599.");
        }
        if self.location.as_deref().is_some_and(|location| HeaderValue::from_str(location).is_err()) {
            return Err("location is an address on one line, without control characters.");
        }
        if !self.fails() && self.latency_ms.is_none() {
            return Err(
                "A fault needs an errcode, an http_status, a body_base64, a location, a latency_ms or a cut.",
            );
        }
        Ok(())
    }

    fn fails(&self) -> bool {
        self.cut
            || self.errcode.is_some()
            || self.http_status.is_some()
            || self.body_base64.is_some()
            || self.location.is_some()
    }

    fn concerns(&self, path: &str, users: &[u32]) -> bool {
        (self.endpoint == "*" || self.endpoint == path) && self.user.is_none_or(|user| users.contains(&user))
    }

    fn outcome(&self) -> Option<FaultOutcome> {
        let refusal = self.errcode.map(|errcode| match &self.errmsg {
            Some(errmsg) => Refusal::saying(errcode, errmsg),
            None => Refusal::new(errcode),
        });
        if self.cut {
            return Some(FaultOutcome::Cut);
        }
        if let Some(location) = &self.location {
            return Some(FaultOutcome::Redirect(location.clone()));
        }
        if let Some(body) = &self.body_base64 {
            return Some(FaultOutcome::Body(self.http_status.unwrap_or(200), body.clone()));
        }
        match (self.http_status, refusal) {
            (Some(status), refusal) => Some(FaultOutcome::Status(status, refusal)),
            (None, Some(refusal)) => Some(FaultOutcome::Refused(refusal)),
            (None, None) => None,
        }
    }
}

/// What faults make of one call.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct InjectedFault {
    pub(crate) latency: Duration,
    pub(crate) failure: Option<Failure>,
}

/// A call that fails.
#[derive(Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) outcome: FaultOutcome,
    /// The call takes effect although its caller cannot see it.
    pub(crate) takes_effect: bool,
}

/// What the caller sees of it.
#[derive(Debug, PartialEq)]
pub(crate) enum FaultOutcome {
    /// An errcode.
    Refused(Refusal),
    /// An HTTP status, with a page or an errcode.
    Status(u16, Option<Refusal>),
    /// An HTTP status, with these bytes.
    Body(u16, Vec<u8>),
    /// A redirect to this address.
    Redirect(String),
    /// A connection that ends without a byte of answer.
    Cut,
}

/// A fault in force, and its number.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct InForce {
    id: u64,
    #[serde(flatten)]
    fault: Fault,
}

/// The faults in force, in the order they were asked for.
pub(crate) struct Faults {
    active: Vec<InForce>,
    ordered: u64,
    dice: Dice,
}

impl Faults {
    /// Nothing goes wrong yet.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self { active: Vec::new(), ordered: 0, dice: Dice::seeded(seed) }
    }

    /// Nothing goes wrong any more, and the dice are as at the start. No fault gets a number that another had.
    pub(crate) fn reset(&mut self, seed: u64) {
        *self = Self { ordered: self.ordered, ..Self::seeded(seed) };
    }

    /// Puts a fault in force and gives its number.
    pub(crate) fn add(&mut self, fault: Fault) -> u64 {
        self.ordered += 1;
        self.active.push(InForce { id: self.ordered, fault });
        self.ordered
    }

    /// Those that may still strike.
    pub(crate) fn in_force(&self) -> Vec<InForce> {
        self.active.iter().filter(|one| one.fault.times != Some(0)).cloned().collect()
    }

    /// Ends the one of this number; `false` when there is none.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.active.len();
        self.active.retain(|one| one.id != id);
        self.active.len() < before
    }

    /// Ends all of them.
    pub(crate) fn clear(&mut self) {
        self.active.clear();
    }

    /// Rolls the dice for a call: the first failure wins, latencies add up.
    pub(crate) fn inject(&mut self, path: &str, users: &[u32]) -> InjectedFault {
        let mut injected = InjectedFault::default();
        for InForce { fault, .. } in &mut self.active {
            let too_late = fault.fails() && injected.failure.is_some();
            if too_late || fault.times == Some(0) || !fault.concerns(path, users) {
                continue;
            }
            if !self.dice.hit(fault.probability) {
                continue;
            }
            fault.times = fault.times.map(|times| times - 1);
            injected.latency += Duration::from_millis(fault.latency_ms.unwrap_or_default());
            if let Some(outcome) = fault.outcome() {
                let takes_effect = self.dice.hit(fault.delivered);
                injected.failure = Some(Failure { outcome, takes_effect });
            }
        }
        injected
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SEND: &str = "/cgi-bin/message/template/send";

    fn faults(orders: &[Value]) -> Faults {
        let mut faults = Faults::seeded(7);
        for order in orders {
            faults.add(serde_json::from_value(order.clone()).unwrap());
        }
        faults
    }

    #[test]
    fn the_first_failure_wins_and_latencies_add_up() {
        let mut faults = faults(&[
            json!({"endpoint": SEND, "latency_ms": 10}),
            json!({"endpoint": SEND, "errcode": -1}),
            json!({"endpoint": "*", "cut": true, "latency_ms": 1000}),
            json!({"endpoint": "*", "latency_ms": 5}),
        ]);
        let injected = faults.inject(SEND, &[]);
        assert_eq!(injected.latency, Duration::from_millis(15));
        assert_eq!(injected.failure.unwrap().outcome, FaultOutcome::Refused(Refusal::new(-1)));
        assert_eq!(faults.inject("/cgi-bin/token", &[]).failure.unwrap().outcome, FaultOutcome::Cut);
    }

    #[test]
    fn a_fault_for_one_user_and_two_times_strikes_just_those() {
        let mut faults = faults(&[json!({"endpoint": SEND, "http_status": 502, "user": 7, "times": 2})]);
        assert_eq!(faults.inject(SEND, &[8]), InjectedFault::default());
        let struck = [(); 3].map(|()| faults.inject(SEND, &[7]).failure.is_some());
        assert_eq!(struck, [true, true, false]);
    }

    #[test]
    fn the_same_seed_rolls_the_same_dice_near_the_probability() {
        let order = [json!({"endpoint": SEND, "errcode": -1, "probability": 0.3, "delivered": 0.5})];
        let roll =
            |mut faults: Faults| -> Vec<_> { (0..1000).map(|_| faults.inject(SEND, &[]).failure).collect() };
        let rolled = roll(faults(&order));
        assert_eq!(rolled, roll(faults(&order)));
        let failures: Vec<_> = rolled.into_iter().flatten().collect();
        let effective = failures.iter().filter(|failure| failure.takes_effect).count();
        assert!((250..350).contains(&failures.len()));
        assert!((100..200).contains(&effective));
    }

    #[test]
    fn an_answer_may_be_any_bytes_or_a_redirect() {
        let mut faults = faults(&[
            json!({"endpoint": SEND, "body_base64": "/w==", "times": 1}),
            json!({"endpoint": SEND, "body_base64": "", "http_status": 502, "times": 1}),
            json!({"endpoint": SEND, "location": "http://localhost/"}),
        ]);
        for outcome in [
            FaultOutcome::Body(200, vec![0xff]),
            FaultOutcome::Body(502, vec![]),
            FaultOutcome::Redirect("http://localhost/".into()),
        ] {
            assert_eq!(faults.inject(SEND, &[]).failure.unwrap().outcome, outcome);
        }
        assert!(serde_json::from_value::<Fault>(json!({"endpoint": SEND, "body_base64": "*"})).is_err());
    }

    #[test]
    fn a_misspelt_field_is_refused() {
        let order = json!({"endpoint": SEND, "errcod": -1});
        assert!(serde_json::from_value::<Fault>(order).is_err());
    }

    #[test]
    fn a_fault_that_does_nothing_is_a_mistake() {
        let fault: Fault = serde_json::from_value(json!({"endpoint": SEND})).unwrap();
        assert!(fault.validate().is_err());
    }
}
