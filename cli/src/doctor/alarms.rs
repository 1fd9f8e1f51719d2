//! What AWS knows of a deployed stack: which of its alarms have gone off, and whether anybody is told.

use std::error::Error;

use aws_sdk_cloudwatch::types::{MetricAlarm, StateValue};
use contract::Check;

use super::{ok, problem, unknown};
use crate::Failure;
use crate::deployed::{self, Watched};
use crate::lang::{pick, say};

/// What SNS has for the address of one who has not confirmed yet.
const PENDING: &str = "PendingConfirmation";

/// CloudWatch describes so many alarms a call.
const BATCH: usize = 100;

/// Looks at both. What the operator may not look at, is told as that.
pub async fn look(stack: &str) -> Vec<Check> {
    let watched = match deployed::watched(stack).await {
        Ok(watched) => watched,
        Err(error) => return vec![not_seen("alarms", &*error)],
    };
    let (gone_off, told) = tokio::join!(gone_off(&watched), told(&watched));
    let mut checks = gone_off.unwrap_or_else(|error| vec![not_seen("alarms", &*error)]);
    checks.push(told.unwrap_or_else(|error| not_seen("alarm_address", &*error)));
    checks
}

fn not_seen(check: &str, error: &(dyn Error + 'static)) -> Check {
    let remedy = pick(
        "Your AWS credentials need cloudformation:ListStackResources, cloudwatch:DescribeAlarms and sns:ListSubscriptionsByTopic.",
        "你的 AWS 凭证需要 cloudformation:ListStackResources、cloudwatch:DescribeAlarms 和 sns:ListSubscriptionsByTopic 权限。",
    );
    Check { remedy: Some(remedy.to_owned()), ..unknown(check, crate::with_causes(error)) }
}

/// One for each alarm that has gone off, by what it says of itself; or one that none has.
async fn gone_off(watched: &Watched) -> Result<Vec<Check>, Failure> {
    let mut checks = Vec::new();
    for names in watched.alarms.chunks(BATCH) {
        let describe = watched.cloudwatch.describe_alarms().set_alarm_names(Some(names.to_vec()));
        let described = describe.state_value(StateValue::Alarm).send().await.map_err(deployed::said)?;
        let has_gone_off = |alarm: &&MetricAlarm| alarm.state_value() == Some(&StateValue::Alarm);
        checks.extend(described.metric_alarms().iter().filter(has_gone_off).map(|alarm| {
            let name = alarm.alarm_name().unwrap_or_default();
            let said = alarm.alarm_description().unwrap_or_default();
            let remedy = pick(
                "docs/operations.md says of each alarm what to look at.",
                "docs/zh/operations.md 说明每个告警该看什么。",
            );
            Check { subject: Some(name.to_owned()), ..problem("alarms", said.to_owned(), Some(remedy)) }
        }));
    }
    if checks.is_empty() {
        let count = watched.alarms.len();
        checks.push(ok(
            "alarms",
            say!("None of the {count} alarms has gone off.", "{count} 个告警都没有触发。"),
        ));
    }
    Ok(checks)
}

/// Whether an address is subscribed, and its owner has said yes.
async fn told(watched: &Watched) -> Result<Check, Failure> {
    let listed = watched.sns.list_subscriptions_by_topic().topic_arn(&watched.topic);
    let listed = listed.send().await.map_err(deployed::said)?;
    let arns: Vec<_> = listed.subscriptions().iter().filter_map(|one| one.subscription_arn()).collect();
    // One that was taken back is listed for some days, without an ARN.
    let confirmed = arns.iter().filter(|arn| arn.starts_with("arn:")).count();
    let pending = arns.iter().filter(|arn| **arn == PENDING).count();
    Ok(match (confirmed, pending) {
        (0, 0) => problem(
            "alarm_address",
            pick("Nobody is told when an alarm goes off.", "告警触发了也没有人收到。").to_owned(),
            Some(pick(
                "Deploy with AlarmEmail, or subscribe to the output AlarmTopic.",
                "部署时填 AlarmEmail，或者订阅输出里的 AlarmTopic。",
            )),
        ),
        (0, _) => problem(
            "alarm_address",
            pick("The address has not confirmed that it wants the alarms.", "告警邮箱还没有确认订阅。")
                .to_owned(),
            Some(pick(
                "Open AWS's mail `AWS Notification - Subscription Confirmation` there, and confirm it.",
                "打开那个邮箱里 AWS 的邮件 `AWS Notification - Subscription Confirmation`，点确认。",
            )),
        ),
        (confirmed, _) => {
            ok("alarm_address", say!("Confirmed addresses: {confirmed}.", "{confirmed} 个地址会收到告警。"))
        }
    })
}
