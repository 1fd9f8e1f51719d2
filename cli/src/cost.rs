//! `queqiao cost`: what AWS asks a month, by what docs/cost.md has counted.

use cost::{Month, PRICES, Part, What};
use serde_json::json;

use crate::lang::{pick, say};
use crate::outcome::Outcome;
use crate::{Failure, note, print_json, table, tell};

/// What a month holds.
#[derive(clap::Args)]
pub struct Arguments {
    /// How many messages are sent in a month
    #[arg(long, value_name = "N")]
    messages: u32,
    /// How many recipients each call has
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    per_call: u32,
    /// How many follow the Official Account
    #[arg(long, value_name = "N", default_value_t = 0)]
    followers: u32,
    /// Take no receipts: the parameter Receipts=false
    #[arg(long)]
    without_receipts: bool,
    /// Each call has an Idempotency-Key
    #[arg(long)]
    with_keys: bool,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// Reckons it.
pub fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let parts = cost::reckon(&Month {
        messages: arguments.messages.into(),
        per_call: arguments.per_call.into(),
        followers: arguments.followers.into(),
        without_receipts: arguments.without_receipts,
        with_keys: arguments.with_keys,
    });
    let sum: f64 = parts.iter().map(|part| part.dollars).sum();
    if arguments.json {
        let parts = parts.iter().map(|part| (word(part.what).to_owned(), json!(cents(part.dollars))));
        let parts: serde_json::Map<_, _> = parts.collect();
        print_json(
            &json!({"region": PRICES[0].region, "currency": "USD", "parts": parts, "sum": cents(sum)}),
        )?;
        return Ok(Outcome::Done);
    }
    print(&parts, sum);
    Ok(Outcome::Done)
}

fn print(parts: &[Part], sum: f64) {
    let region = PRICES[0].region;
    let mut table = table([pick("what for", "用途"), region]);
    for part in parts.iter().filter(|part| part.dollars > 0.0) {
        table.add_row([name(part.what), &money(part.dollars)]);
    }
    table.add_row([pick("a month", "每月合计"), &money(sum)]);
    tell(&table.to_string());
    note(pick(
        "Prices of us-east-1; others differ (docs/cost.md). Not counted: AWS's free tier, what leaves AWS for the Internet (some $0.20 a million messages), a NAT gateway, a dashboard, logins, tax. Between calls of one and of a thousand it is reckoned, not counted; docs/cost.md says how.",
        "按 us-east-1 的价格；其他区域不同，见 docs/zh/cost.md。未计入：AWS 的免费额度、流出 AWS 的流量（每百万条消息约 0.2 美元）、NAT 网关、仪表板、登录、税。每次调用 1 人和 1,000 人是实测，中间的是推算；见 docs/zh/cost.md。",
    ));
}

/// For people.
fn money(dollars: f64) -> String {
    say!("${dollars:.2}", "{dollars:.2} 美元")
}

/// In JSON.
fn word(what: What) -> &'static str {
    match what {
        What::Messages => "messages",
        What::Keys => "keys",
        What::Metrics => "metrics",
        What::Syncs => "syncs",
        What::Kept => "kept",
        What::Idle => "idle",
    }
}

fn name(what: What) -> &'static str {
    match what {
        What::Messages => pick("messages", "消息"),
        What::Keys => pick("Idempotency-Keys", "Idempotency-Key"),
        What::Metrics => pick("metrics that come with them", "发送产生的 CloudWatch 指标"),
        What::Syncs => pick("syncs of the followers", "同步粉丝"),
        What::Kept => pick("what tables keep", "数据表的存储"),
        What::Idle => pick("fixed, even if nothing is sent", "固定费用（不发消息也要付）"),
    }
}

/// To the cent.
fn cents(dollars: f64) -> f64 {
    (dollars * 100.0).round() / 100.0
}
