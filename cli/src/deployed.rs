//! A deployed stack: what CloudFormation says of it. Credentials are found as the AWS CLI finds them.

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_cloudformation::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_cloudformation::types::Stack;
use aws_sdk_dynamodb::Client;
use shared::Config;

use crate::Failure;
use crate::lang::say;

/// A table that has to grow first, under an import, throttles for a while.
const ATTEMPTS: u32 = 8;

/// The stack's gateway.
pub async fn gateway(stack: &str) -> Result<String, Failure> {
    value(&described(&config().await, stack).await?, "Gateway")
}

/// The variables by their outputs or parameters of the stack, and the client of its tables.
pub async fn tables(stack: &str, named: &[(&str, &str)]) -> Result<(Config, Client), Failure> {
    let config = config().await;
    let stack = described(&config, stack).await?;
    let variable = |(variable, name): &(&str, &str)| Ok(((*variable).to_owned(), value(&stack, name)?));
    let variables = named.iter().map(variable).collect::<Result<Vec<_>, Failure>>()?;
    Ok((Config::of(variables), Client::new(&patient(&config))))
}

/// The stack's queues, each by its name in the template and with its URL, and their client.
pub async fn queues(stack: &str) -> Result<(aws_sdk_sqs::Client, Vec<(String, String)>), Failure> {
    let config = config().await;
    // That it is there, and that it may be looked at, is told by this one.
    described(&config, stack).await?;
    let urls = resources(&config, stack, "AWS::SQS::Queue").await?;
    Ok((aws_sdk_sqs::Client::new(&config), urls))
}

/// What a stack's alarms are called, and whom they tell.
pub struct Watched {
    /// Which alarms have gone off.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// Who is subscribed.
    pub sns: aws_sdk_sns::Client,
    /// The alarms, by name.
    pub alarms: Vec<String>,
    /// The topic they tell.
    pub topic: String,
}

/// The stack's alarms, those of the stacks inside it among them.
pub async fn watched(stack: &str) -> Result<Watched, Failure> {
    let config = config().await;
    let topic = value(&described(&config, stack).await?, "AlarmTopic")?;
    let mut stacks = vec![stack.to_owned()];
    let nested = resources(&config, stack, "AWS::CloudFormation::Stack").await?;
    stacks.extend(nested.into_iter().map(|(_, id)| id));
    let mut alarms = Vec::new();
    for stack in stacks {
        let found = resources(&config, &stack, "AWS::CloudWatch::Alarm").await?;
        alarms.extend(found.into_iter().map(|(_, name)| name));
    }
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&config);
    Ok(Watched { cloudwatch, sns: aws_sdk_sns::Client::new(&config), alarms, topic })
}

/// Everything of one type in a stack: what the template calls it, and what AWS does.
async fn resources(config: &SdkConfig, stack: &str, kind: &str) -> Result<Vec<(String, String)>, Failure> {
    let client = aws_sdk_cloudformation::Client::new(config);
    let mut pages = client.list_stack_resources().stack_name(stack).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.try_next().await.map_err(said)? {
        let summaries = page.stack_resource_summaries.unwrap_or_default().into_iter();
        let of_kind = summaries.filter(|one| one.resource_type() == Some(kind));
        found.extend(of_kind.filter_map(|one| Some((one.logical_resource_id?, one.physical_resource_id?))));
    }
    Ok(found)
}

/// What AWS said, or why it could not be asked.
pub fn said<E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static>(error: E) -> Failure {
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        _ => DisplayErrorContext(&error).to_string(),
    }
    .into()
}

async fn config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest()).load().await
}

/// The same for somebody who writes to tables a lot.
fn patient(config: &SdkConfig) -> SdkConfig {
    let retry = RetryConfig::standard().with_max_attempts(ATTEMPTS);
    config.to_builder().retry_config(retry).build()
}

async fn described(config: &SdkConfig, stack: &str) -> Result<Stack, Failure> {
    let client = aws_sdk_cloudformation::Client::new(config);
    let described = client.describe_stacks().stack_name(stack).send().await;
    let described = described.map_err(|error| {
        let why = error.message().map_or_else(|| DisplayErrorContext(&error).to_string(), str::to_owned);
        say!(
            "CloudFormation cannot describe the stack {stack}: {why}. Check the name, AWS_REGION and your credentials.",
            "查不到堆栈 {stack}（{why}）。请检查名字、AWS_REGION 和你的凭证。"
        )
    })?;
    let found = described.stacks.unwrap_or_default().into_iter().next();
    found.ok_or_else(|| {
        say!(
            "There is no stack {stack}. Check the name and AWS_REGION.",
            "没有堆栈 {stack}。请检查名字和 AWS_REGION。"
        )
        .into()
    })
}

/// An output of the stack, or a parameter of it.
fn value(stack: &Stack, name: &str) -> Result<String, Failure> {
    let output = stack.outputs().iter().find(|output| output.output_key() == Some(name));
    let parameter = stack.parameters().iter().find(|parameter| parameter.parameter_key() == Some(name));
    let value = output.and_then(|output| output.output_value());
    let value = value.or_else(|| parameter.and_then(|parameter| parameter.parameter_value()));
    value.map(str::to_owned).ok_or_else(|| {
        let stack = stack.stack_name().unwrap_or_default();
        say!(
            "The stack {stack} has no output or parameter {name}: is it Queqiao's, and of this version?",
            "堆栈 {stack} 没有输出或参数 {name}：它是鹊桥的吗？版本对吗？"
        )
        .into()
    })
}
