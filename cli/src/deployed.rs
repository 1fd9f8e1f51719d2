//! A deployed stack: what CloudFormation says of it. Credentials are found as the AWS CLI finds them.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_cloudformation::error::{DisplayErrorContext, ProvideErrorMetadata};
use shared::store::Keys;

use crate::Failure;

/// The stack's gateway.
pub async fn gateway(stack: &str) -> Result<String, Failure> {
    output(&config().await, stack, "Gateway").await
}

/// The stack's table of service keys.
pub async fn keys(stack: &str) -> Result<Keys, Failure> {
    let config = config().await;
    let table = output(&config, stack, "KeysTableName").await?;
    Ok(Keys::of(table, aws_sdk_dynamodb::Client::new(&config)))
}

async fn config() -> SdkConfig {
    aws_config::load_defaults(BehaviorVersion::latest()).await
}

async fn output(config: &SdkConfig, stack: &str, name: &str) -> Result<String, Failure> {
    let client = aws_sdk_cloudformation::Client::new(config);
    let described = client.describe_stacks().stack_name(stack).send().await;
    let described = described.map_err(|error| {
        let why = error.message().map_or_else(|| DisplayErrorContext(&error).to_string(), str::to_owned);
        format!("CloudFormation does not tell about the stack {stack}: {why}. Check the name, AWS_REGION and your credentials.")
    })?;
    let mut outputs =
        described.stacks.unwrap_or_default().into_iter().flat_map(|stack| stack.outputs.unwrap_or_default());
    let found = outputs.find(|output| output.output_key.as_deref() == Some(name));
    let value = found.and_then(|output| output.output_value);
    value.ok_or_else(|| {
        format!("The stack {stack} has no output {name}: is it Queqiao's, and of this version?").into()
    })
}
