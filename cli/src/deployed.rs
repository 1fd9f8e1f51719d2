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
    Ok((Config::of(variables), Client::new(&config)))
}

/// The stack's queues, each by its name in the template and with its URL, and their client.
pub async fn queues(stack: &str) -> Result<(aws_sdk_sqs::Client, Vec<(String, String)>), Failure> {
    let config = config().await;
    // That it is there, and that it may be looked at, is told by this one.
    described(&config, stack).await?;
    let client = aws_sdk_cloudformation::Client::new(&config);
    let mut pages = client.list_stack_resources().stack_name(stack).into_paginator().send();
    let mut urls = Vec::new();
    while let Some(page) = pages.try_next().await? {
        let resources = page.stack_resource_summaries.unwrap_or_default();
        let queues = resources.into_iter().filter(|one| one.resource_type() == Some("AWS::SQS::Queue"));
        urls.extend(queues.filter_map(|one| Some((one.logical_resource_id?, one.physical_resource_id?))));
    }
    Ok((aws_sdk_sqs::Client::new(&config), urls))
}

async fn config() -> SdkConfig {
    let retry = RetryConfig::standard().with_max_attempts(ATTEMPTS);
    aws_config::defaults(BehaviorVersion::latest()).retry_config(retry).load().await
}

async fn described(config: &SdkConfig, stack: &str) -> Result<Stack, Failure> {
    let client = aws_sdk_cloudformation::Client::new(config);
    let described = client.describe_stacks().stack_name(stack).send().await;
    let described = described.map_err(|error| {
        let why = error.message().map_or_else(|| DisplayErrorContext(&error).to_string(), str::to_owned);
        say!(
            "CloudFormation does not tell about the stack {stack}: {why}. Check the name, AWS_REGION and your credentials.",
            "查不到堆栈 {stack}（{why}）。请检查名字、AWS_REGION 和你的凭证。"
        )
    })?;
    let found = described.stacks.unwrap_or_default().into_iter().next();
    found.ok_or_else(|| say!("There is no stack {stack}.", "没有堆栈 {stack}。").into())
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
