//! What messages cost: what AWS bills of them, reckoned by its prices. `bench cost` counts it, docs/cost.md keeps the counts,
//! `queqiao cost` reckons a month by them.

mod document;
mod month;
mod prices;

pub use document::{Measured, measured};
pub use month::{Month, Part, What, reckon};
pub use prices::{PRICES, Prices};

/// What the parts of a sum are for.
pub const PARTS: [&str; 7] = ["requests", "invocations", "time", "queues", "read", "written", "log"];

/// What AWS bills of one message, by one function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// The function.
    pub function: String,
    /// Requests of the HTTP API.
    pub http_requests: f64,
    /// Invocations of the function.
    pub invocations: f64,
    /// How long it runs, times its memory.
    pub gb_seconds: f64,
    /// Requests of SQS.
    pub queue_requests: f64,
    /// Units of DynamoDB.
    pub read_units: f64,
    /// Units of DynamoDB.
    pub write_units: f64,
    /// What CloudWatch takes in.
    pub log_bytes: f64,
}

impl Counts {
    /// What they cost a million messages, part by part; `None` where the price is not known.
    pub fn parts(&self, prices: &Prices) -> [Option<f64>; 7] {
        [
            (self.http_requests, prices.http_request),
            (self.invocations, prices.invocation),
            (self.gb_seconds, prices.gb_second),
            (self.queue_requests, prices.queue_request),
            (self.read_units, prices.read_unit),
            (self.write_units, prices.write_unit),
            // A million messages' bytes are so many MB.
            (self.log_bytes / 1000.0, prices.log_gb),
        ]
        .map(|(count, price)| if count == 0.0 { Some(0.0) } else { price.map(|price| count * price) })
    }

    /// Between these and others, at this share of the way.
    #[must_use]
    pub fn towards(&self, other: &Self, share: f64) -> Self {
        let between = |one: f64, other: f64| one + (other - one) * share;
        Self {
            function: self.function.clone(),
            http_requests: between(self.http_requests, other.http_requests),
            invocations: between(self.invocations, other.invocations),
            gb_seconds: between(self.gb_seconds, other.gb_seconds),
            queue_requests: between(self.queue_requests, other.queue_requests),
            read_units: between(self.read_units, other.read_units),
            write_units: between(self.write_units, other.write_units),
            log_bytes: between(self.log_bytes, other.log_bytes),
        }
    }
}

/// Of all functions, part by part; what is not known is not known in the sum either.
pub fn sums(counts: &[Counts], prices: &Prices) -> [Option<f64>; 7] {
    let mut sums = [Some(0.0); 7];
    for one in counts {
        for (sum, part) in sums.iter_mut().zip(one.parts(prices)) {
            *sum = sum.zip(part).map(|(sum, part)| sum + part);
        }
    }
    sums
}
