//! A month, by what is sent in it.

use crate::{Counts, Measured, PRICES, measured, sums};

/// Days of a month, as the page has them.
const DAYS: f64 = 30.0;

/// Calls of `user/get` that the schedule's syncs may make in a day, and openids in each: half of what an account has.
const LIST_CALLS: f64 = 250.0;
const OPENIDS: f64 = 10_000.0;

/// A unit that is read for half the price, as a sync does, holds so many bytes.
const BYTES_A_UNIT: f64 = 8192.0;

/// What is kept of a follower stands in the table and in its index.
const COPIES: f64 = 2.0;

/// The recipients of the larger of the calls that were counted.
const THOUSAND: f64 = 1000.0;

/// What a month holds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Month {
    /// Messages sent.
    pub messages: f64,
    /// Recipients of each call.
    pub per_call: f64,
    /// Followers of the account.
    pub followers: f64,
    /// The parameter `Receipts=false`.
    pub without_receipts: bool,
    /// Each call has an `Idempotency-Key`.
    pub with_keys: bool,
}

/// A part of what a month costs, in dollars, in us-east-1.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What it is for.
    pub what: What,
    /// How much.
    pub dollars: f64,
}

/// What a part is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The messages themselves.
    Messages,
    /// The keys of their calls.
    Keys,
    /// The metrics that come when something is sent.
    Metrics,
    /// The syncs of the followers.
    Syncs,
    /// What tables keep of both.
    Kept,
    /// What a month costs in which nothing is sent.
    Idle,
}

impl Part {
    /// Whether it is what the messages themselves cost.
    pub fn is_messages(&self) -> bool {
        self.what == What::Messages
    }
}

/// What it costs, part by part.
pub fn reckon(month: &Month) -> Vec<Part> {
    let (measured, prices) = (measured(), &PRICES[0]);
    let million = |count: f64, price: Option<f64>| count / 1e6 * price.expect("us-east-1's prices are known");
    let calls = month.messages / month.per_call.max(1.0);
    let syncs = (DAYS * LIST_CALLS / (month.followers / OPENIDS + 1.0)).min(measured.ticks);
    let follower = measured.sync_units * BYTES_A_UNIT * COPIES;
    let bytes = month.messages * measured.message_bytes + month.followers * follower;
    let each: f64 = sums(&counts(&measured, month), prices).into_iter().flatten().sum();
    let keys = if month.with_keys { calls * measured.key_units } else { 0.0 };
    let parts = [
        (What::Messages, month.messages / 1e6 * each),
        (What::Keys, million(keys, prices.write_unit)),
        (What::Metrics, if month.messages > 0.0 { measured.metrics } else { 0.0 }),
        (What::Syncs, million(syncs * month.followers * measured.sync_units, prices.read_unit)),
        (What::Kept, bytes / 1e9 * measured.kept_gb),
        (What::Idle, measured.idle),
    ];
    parts.into_iter().map(|(what, dollars)| Part { what, dollars }).collect()
}

/// Of one message: what a call has once is shared by its recipients, so that the counts go by one over their number.
fn counts(measured: &Measured, month: &Month) -> Vec<Counts> {
    let per_call = month.per_call.clamp(1.0, THOUSAND);
    let share = (1.0 - 1.0 / per_call) / (1.0 - 1.0 / THOUSAND);
    let both = measured.alone.iter().zip(&measured.of_a_thousand);
    let counts = both.map(|(alone, of_a_thousand)| alone.towards(of_a_thousand, share));
    match month.without_receipts {
        true => counts.filter_map(without_receipts).collect(),
        false => counts.collect(),
    }
}

/// WeChat sends them all the same; nothing goes on the queue, and no record is found by its msgid.
fn without_receipts(counts: Counts) -> Option<Counts> {
    match counts.function.as_str() {
        "events" => None,
        "callback" => Some(Counts { queue_requests: 0.0, ..counts }),
        "deliver" => Some(Counts { write_units: counts.write_units - 1.0, ..counts }),
        _ => Some(counts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dollars(month: Month, what: What) -> f64 {
        reckon(&month).iter().find(|part| part.what == what).expect("a part").dollars
    }

    #[test]
    fn more_recipients_a_call_cost_less_each() {
        let of = |per_call| dollars(Month { messages: 1e6, per_call, ..Month::default() }, What::Messages);
        assert!(of(1.0) > of(2.0) && of(2.0) > of(100.0) && of(100.0) > of(1000.0));
        assert_eq!(of(10_000.0).to_bits(), of(1000.0).to_bits(), "more than was counted is not made up");
        assert_eq!(of(0.0).to_bits(), of(1.0).to_bits());
    }

    #[test]
    fn a_month_without_anything_is_the_pages_idle_one() {
        let parts = reckon(&Month::default());
        let sum: f64 = parts.iter().map(|part| part.dollars).sum();
        assert_eq!(sum.to_bits(), measured().idle.to_bits());
        let keys = Month { messages: 1e6, per_call: 1.0, with_keys: true, ..Month::default() };
        assert!((dollars(keys, What::Keys) - 1.25).abs() < 1e-9, "as the page says");
    }

    #[test]
    fn a_million_followers_cost_cents() {
        let month = Month { followers: 1e6, ..Month::default() };
        let (syncs, kept) = (dollars(month, What::Syncs), dollars(month, What::Kept));
        assert!((0.05..0.5).contains(&syncs) && (0.05..0.5).contains(&kept), "{syncs} {kept}");
    }
}
