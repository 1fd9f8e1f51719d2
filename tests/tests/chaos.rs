//! Queqiao in bad weather, in small: each scenario of 300 messages, on a stack of its own.

// A whole scenario is one future, as deep as everything it calls.
#![recursion_limit = "256"]

use std::path::Path;

use harness::chaos::SCENARIOS;

/// A program that can be any function, for the workers that are killed.
const FUNCTION: &str = env!("CARGO_BIN_EXE_function");

async fn comes_through(name: &str) {
    let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name).expect("a scenario");
    let verdict = scenario.run(300, 1, Path::new(FUNCTION)).await;
    println!("{}", verdict.line());
    assert_eq!(scenario.faults(&verdict), [] as [String; 0]);
}

#[tokio::test]
async fn a_third_party_fetches_classic_tokens_all_the_time() {
    comes_through("1-classic").await;
}

#[tokio::test]
async fn a_third_party_fetches_stable_tokens_all_the_time() {
    comes_through("1-stable").await;
}

#[tokio::test]
async fn wechat_is_busy_and_has_sent_half_of_what_it_did_not_acknowledge() {
    comes_through("2").await;
}

#[tokio::test]
async fn connections_are_cut_after_half_of_the_messages_were_sent() {
    comes_through("3").await;
}

#[tokio::test]
async fn the_workers_are_killed_five_times() {
    comes_through("4").await;
}

#[tokio::test]
async fn the_queue_delivers_every_job_three_times() {
    comes_through("5").await;
}

#[tokio::test]
async fn the_minutes_quota_is_used_up_and_then_the_days_until_midnight() {
    comes_through("6").await;
}

#[tokio::test]
async fn one_in_twenty_calls_of_the_tables_fails() {
    comes_through("7").await;
}

#[tokio::test]
async fn wechat_calls_every_openid_another_accounts_until_that_is_repaired() {
    comes_through("8").await;
}

#[tokio::test]
async fn everything_at_once() {
    comes_through("9").await;
}

#[tokio::test]
async fn wechat_is_busy_connections_are_cut_and_tokens_die_every_minute() {
    comes_through("10").await;
}

#[tokio::test]
async fn sends_whose_answers_are_lost_are_refused_for_good_afterwards() {
    comes_through("11").await;
}

#[tokio::test]
async fn jobs_are_moved_back_from_the_dead_letters() {
    comes_through("12").await;
}

#[tokio::test]
async fn our_ip_is_missing_on_the_whitelist_for_half_an_hour() {
    comes_through("13").await;
}

#[tokio::test]
async fn the_template_is_gone_for_half_an_hour() {
    comes_through("14").await;
}

#[tokio::test]
async fn not_everybody_follows_and_some_have_accepted_messages_instead() {
    comes_through("15").await;
}
