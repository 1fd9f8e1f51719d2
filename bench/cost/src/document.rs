//! The figures that docs/cost.md keeps: that page is where they stand, and the only place.

use crate::Counts;

const PAGE: &str = include_str!("../../../docs/cost.md");

/// What was counted, and what else a month costs.
#[derive(Debug)]
pub struct Measured {
    /// Of a message in a call of its own, with nobody else about.
    pub alone: Vec<Counts>,
    /// Of a message in a call of a thousand.
    pub of_a_thousand: Vec<Counts>,
    /// A month in which nothing is sent, in us-east-1.
    pub idle: f64,
    /// The metrics that come when something is sent, a month.
    pub metrics: f64,
    /// What a GB costs a month in tables, with its recovery.
    pub kept_gb: f64,
    /// What is kept of a message for a month, in bytes.
    pub message_bytes: f64,
    /// What a sync reads of each follower, in units of DynamoDB.
    pub sync_units: f64,
    /// Ticks of the sync in a month.
    pub ticks: f64,
    /// Units that an `Idempotency-Key` writes.
    pub key_units: f64,
}

/// The figures of the page.
///
/// # Panics
/// When the page does not say one of them: a test of this crate holds it to that.
pub fn measured() -> Measured {
    read(PAGE).expect("docs/cost.md says it")
}

fn read(page: &str) -> Option<Measured> {
    let text = page.split_whitespace().collect::<Vec<_>>().join(" ");
    let before = |phrase: &str| number(text.split_once(phrase)?.0.rsplit(' ').next()?);
    let after = |phrase: &str| number(text.split_once(phrase)?.1.split(' ').next()?);
    let idle = page.split_once("## A month in which nothing is sent")?.1;
    let idle = idle.lines().find_map(|line| line.strip_prefix("| **sum** |"))?;
    Some(Measured {
        alone: table(page, "| each alone |")?,
        of_a_thousand: table(page, "| in calls of 1,000 |")?,
        idle: number(idle.trim_matches(['|', ' ', '*']))?,
        metrics: after("by state, some ")?,
        kept_gb: before(" $ a GB and month in tables")? + before(" $ for their recovery")?,
        message_bytes: before(" bytes for 30 days")?,
        sync_units: before(" units, a fifth of a cent")? / before(" followers are ")?,
        ticks: before(" ticks of the sync")?,
        key_units: if text.contains("write two units more each") { 2.0 } else { return None },
    })
}

/// The counts of the table that is headed so, function by function.
fn table(page: &str, head: &str) -> Option<Vec<Counts>> {
    let lines = page.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let rows = lines.take_while(|line| line.starts_with('|'));
    let counts: Option<Vec<_>> = rows.map(row).collect();
    counts.filter(|counts| !counts.is_empty())
}

fn row(line: &str) -> Option<Counts> {
    let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [function, numbers @ ..] = cells.as_slice() else { return None };
    let numbers: Option<Vec<_>> =
        numbers.iter().map(|text| if text.is_empty() { Some(0.0) } else { number(text) }).collect();
    let [http_requests, invocations, gb_seconds, queue_requests, read_units, write_units, log_bytes] =
        numbers?.try_into().ok()?;
    Some(Counts {
        function: function.trim_matches('`').to_owned(),
        http_requests,
        invocations,
        gb_seconds,
        queue_requests,
        read_units,
        write_units,
        log_bytes,
    })
}

/// A number, with its thousands apart.
fn number(text: &str) -> Option<f64> {
    text.replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PRICES, reckon, sums};

    /// How far a sum may be off, in dollars a million: the page rounds what it adds up.
    const ROUNDED: f64 = 0.05;

    /// The sums that the page prints are those of its counts, as far as they are rounded there.
    #[test]
    fn the_page_has_every_figure_and_its_sums_are_those_of_its_counts() {
        let measured = read(PAGE).expect("docs/cost.md lacks a figure that `queqiao cost` reckons with");
        let functions: Vec<_> = measured.alone.iter().map(|one| one.function.as_str()).collect();
        assert_eq!(functions, ["send", "deliver", "callback", "events"]);
        for (counts, row) in [
            (&measured.alone, "| **one by one, each alone** |"),
            (&measured.of_a_thousand, "| **in calls of 1,000** |"),
        ] {
            let line = PAGE.lines().find(|line| line.starts_with(row)).expect("the row");
            let told = line.trim_matches(['|', ' ', '*', '$']).rsplit("**").next().expect("a sum");
            let told = number(told.trim()).expect("a number");
            let sum: f64 = sums(counts, &PRICES[0]).into_iter().flatten().sum();
            assert!((sum - told).abs() < ROUNDED, "{row} says {told}, and its counts come to {sum}");
        }
    }

    #[test]
    fn a_page_that_says_less_is_not_reckoned_with() {
        for lost in ["| each alone |", "| **sum** |", "bytes for 30 days", "ticks of the sync"] {
            assert!(read(&PAGE.replace(lost, "")).is_none(), "{lost}");
        }
    }

    /// The page says what is left without receipts.
    #[test]
    fn without_receipts_it_is_what_the_page_says() {
        let text = PAGE.split_whitespace().collect::<Vec<_>>().join(" ");
        let told = text.split_once("With `Receipts=false` they are ").expect("a sentence").1;
        let told: Vec<_> =
            told.split(' ').take(4).filter_map(|word| number(word.trim_end_matches(','))).collect();
        for (per_call, told) in [(1.0, told[0]), (1000.0, told[2])] {
            let month =
                crate::Month { messages: 1e6, per_call, without_receipts: true, ..crate::Month::default() };
            let sum = reckon(&month).iter().find(|part| part.is_messages()).expect("messages").dollars;
            assert!((sum - told).abs() < ROUNDED, "{per_call}: {told}, and it comes to {sum}");
        }
    }
}
