//! What can go wrong with callbacks on demand, by the roll of seeded dice as the event happens.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::faults::dice::{Dice, are_shares};

/// The shares of events that go wrong, each in its way.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Shares {
    duplicate: f64,
    delay_ms: Option<u64>,
    /// All of them, if `delay_ms` comes without it.
    delay: Option<f64>,
    swap: f64,
    wrong_signature: f64,
    plaintext: f64,
    stale: f64,
    system_failed: f64,
    drop: f64,
    list_as_object: f64,
    numbers_as_text: f64,
}

impl Shares {
    /// `Err` is a sentence about what is wrong with the order.
    pub(crate) fn validate(&self) -> Result<(), &'static str> {
        let shares = [
            self.duplicate,
            self.delay.unwrap_or_default(),
            self.swap,
            self.wrong_signature,
            self.plaintext,
            self.stale,
            self.system_failed,
            self.drop,
            self.list_as_object,
            self.numbers_as_text,
        ];
        if !are_shares(&shares) {
            return Err("All but delay_ms are shares between 0 and 1.");
        }
        if self.delay.is_some() && self.delay_ms.is_none() {
            return Err("A delay needs a delay_ms.");
        }
        Ok(())
    }
}

/// How an event looks on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tampering {
    #[default]
    None,
    /// Signed with a token that is not the account's.
    WrongSignature,
    /// Unencrypted, as in plain mode.
    Plaintext,
    /// Signed for an hour ago, as one that was caught and is played back.
    Stale,
}

/// How loosely WeChat writes JSON: it does both ways, with and without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Looseness {
    /// A `List` of one is that one, not an array.
    pub(crate) list_as_object: bool,
    /// Numbers are strings.
    pub(crate) numbers_as_text: bool,
}

/// What the dice have in store for one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeliveryPlan {
    pub(crate) dropped: bool,
    pub(crate) duplicate: bool,
    pub(crate) delay: Option<Duration>,
    pub(crate) swapped: bool,
    pub(crate) tampering: Tampering,
    pub(crate) looseness: Looseness,
}

/// The shares in force, and their dice.
pub(crate) struct CallbackFaults {
    shares: Shares,
    dice: Dice,
}

impl Default for CallbackFaults {
    fn default() -> Self {
        Self::seeded(0)
    }
}

impl CallbackFaults {
    /// Nothing goes wrong yet.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self { shares: Shares::default(), dice: Dice::seeded(seed) }
    }

    /// What is in force.
    pub(crate) fn shares(&self) -> &Shares {
        &self.shares
    }

    /// Puts these in force in place of what was.
    pub(crate) fn set(&mut self, shares: Shares) {
        self.shares = shares;
    }

    /// Rolls all the dice for an event, so that one share does not change another's rolls.
    pub(crate) fn plan(&mut self) -> DeliveryPlan {
        let Shares { drop, duplicate, delay, delay_ms, swap, wrong_signature, plaintext, stale, .. } =
            self.shares;
        let Shares { list_as_object, numbers_as_text, .. } = self.shares;
        let mut roll = |share| self.dice.hit(share);
        let dropped = roll(drop);
        let duplicate = roll(duplicate);
        let delayed = roll(delay.unwrap_or(1.0));
        let swapped = roll(swap);
        let tampering = match (roll(wrong_signature), roll(plaintext), roll(stale)) {
            (true, _, _) => Tampering::WrongSignature,
            (_, true, _) => Tampering::Plaintext,
            (_, _, true) => Tampering::Stale,
            (false, false, false) => Tampering::None,
        };
        let looseness =
            Looseness { list_as_object: roll(list_as_object), numbers_as_text: roll(numbers_as_text) };
        let delay = delay_ms.filter(|_| delayed).map(Duration::from_millis);
        DeliveryPlan { dropped, duplicate, delay, swapped, tampering, looseness }
    }

    /// Whether a message fails inside WeChat.
    pub(crate) fn system_fails(&mut self) -> bool {
        self.dice.hit(self.shares.system_failed)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn faults(shares: Value) -> CallbackFaults {
        let mut faults = CallbackFaults::seeded(7);
        faults.set(serde_json::from_value(shares).unwrap());
        faults
    }

    #[test]
    fn nothing_goes_wrong_unless_asked_for() {
        let mut faults = faults(json!({}));
        assert!((0..100).all(|_| faults.plan() == DeliveryPlan::default() && !faults.system_fails()));
    }

    #[test]
    fn the_same_seed_rolls_the_same_dice_near_the_share() {
        let shares = json!({ "duplicate": 0.3, "plaintext": 0.1 });
        let plans = |mut faults: CallbackFaults| -> Vec<_> { (0..1000).map(|_| faults.plan()).collect() };
        let planned = plans(faults(shares.clone()));
        assert_eq!(planned, plans(faults(shares)));
        let duplicates = planned.iter().filter(|plan| plan.duplicate).count();
        let plain = planned.iter().filter(|plan| plan.tampering == Tampering::Plaintext).count();
        assert!((250..350).contains(&duplicates));
        assert!((60..140).contains(&plain));
    }

    #[test]
    fn a_delay_strikes_all_events_unless_it_has_a_share() {
        let second = Some(Duration::from_secs(1));
        assert_eq!(faults(json!({ "delay_ms": 1000 })).plan().delay, second);
        assert_eq!(faults(json!({ "delay_ms": 1000, "delay": 0.0 })).plan().delay, None);
    }

    #[test]
    fn an_order_that_makes_no_sense_is_a_mistake() {
        for order in [json!({ "drop": 1.1 }), json!({ "delay": 0.5 })] {
            let shares: Shares = serde_json::from_value(order).unwrap();
            assert!(shares.validate().is_err());
        }
        assert!(serde_json::from_value::<Shares>(json!({ "dorp": 1.0 })).is_err());
    }
}
