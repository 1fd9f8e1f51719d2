//! DynamoDB and SQS as the stack itself uses them: those of this process, or endpoints given.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use aws_sdk_dynamodb::config::{Credentials, Region};
use clock::Clock;
use shared::https;
use tokio::task::JoinSet;

use crate::access_keys::{AccessKeys, STACK};
use crate::data::DataFolder;
use crate::meter::Meter;
use crate::policies::IamPolicies;
use crate::proxy::{Backend, Proxy, Rules};
use crate::queues::Queues;
use crate::settings::Endpoints;
use crate::sqs::Sqs;
use crate::tables::Tables;
use crate::template::Template;
use crate::written::Recorder;
use crate::{Settings, StackError, loopback, queues, tables};

/// Where they answer, and clients that may do everything.
pub struct Aws {
    /// Where they answer.
    pub endpoints: Endpoints,
    /// Who may call them.
    pub keys: AccessKeys,
    dynamodb: aws_sdk_dynamodb::Client,
    /// The stack's own client of the queues.
    pub sqs_client: aws_sdk_sqs::Client,
    /// The stack's own queues, where no endpoint was given.
    pub sqs: Option<Sqs>,
    /// Whether no call of the functions is carried out for now.
    pub outage: Arc<AtomicBool>,
    /// What the functions took, where that is kept.
    pub meter: Meter,
    /// What was written, where that is kept.
    pub recorder: Recorder,
}

impl Aws {
    /// Starts what is not replaced by an endpoint.
    ///
    /// # Errors
    /// When a file or a socket cannot be opened.
    pub async fn start(
        settings: &Settings,
        data: Option<&DataFolder>,
        policies: IamPolicies,
        clock: &Clock,
        tasks: &mut JoinSet<()>,
    ) -> Result<Self, StackError> {
        let (meter, outage) = (Meter::default(), Arc::<AtomicBool>::default());
        let metered = settings.meters.then(|| meter.clone());
        let recorder = Recorder::default();
        let keys = AccessKeys::issue(policies.functions());
        let rules = Rules {
            keys: keys.clone(),
            policies,
            seed: settings.faults.seed,
            clock: clock.clone(),
            outage: outage.clone(),
            recorder: settings.records.then(|| recorder.clone()),
        };
        let dynamodb_url = match settings.set("AWS_ENDPOINT_URL_DYNAMODB") {
            Some(url) => url,
            None => {
                let database = tables::emulate(data.map(DataFolder::tables).as_deref(), tasks)?;
                let (faults, meter) = (settings.faults, metered.clone());
                open(Tables { faults, meter, database }, rules.clone(), tasks).await?
            }
        };
        let (sqs_url, sqs) = match settings.set("AWS_ENDPOINT_URL_SQS") {
            Some(url) => (url, None),
            None => {
                let sqs = open_queues(data, clock)?;
                let queues = Queues { sqs: sqs.clone(), faults: settings.faults, meter: metered };
                (open(queues, rules, tasks).await?, Some(sqs))
            }
        };
        let (region, credentials) = (Region::new(settings.region()), credentials(keys.of(STACK)));
        let http = https::aws_client();
        let dynamodb = aws_sdk_dynamodb::Config::builder()
            .behavior_version_latest()
            .http_client(http.clone())
            .region(region.clone())
            .credentials_provider(credentials.clone())
            .endpoint_url(&dynamodb_url);
        let sqs_client = aws_sdk_sqs::Config::builder()
            .behavior_version_latest()
            .http_client(http)
            .region(region)
            .credentials_provider(credentials)
            .endpoint_url(&sqs_url);
        Ok(Self {
            endpoints: Endpoints { dynamodb: dynamodb_url, sqs: sqs_url },
            keys,
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb.build()),
            sqs_client: aws_sdk_sqs::Client::from_conf(sqs_client.build()),
            sqs,
            outage,
            meter,
            recorder,
        })
    }

    /// A client of the queues that may do what this function may.
    pub fn sqs_client_of(&self, function: &str) -> aws_sdk_sqs::Client {
        let credentials = credentials(self.keys.of(function));
        let config = self.sqs_client.config().to_builder().credentials_provider(credentials);
        aws_sdk_sqs::Client::from_conf(config.build())
    }

    /// Creates the tables and queues that are missing; gives the queues' URLs.
    ///
    /// # Errors
    /// When one cannot be created.
    pub async fn provision(&self, template: &Template) -> Result<BTreeMap<String, String>, StackError> {
        tables::create(&self.dynamodb, &template.tables).await?;
        queues::provision(&self.sqs_client, &template.queues).await
    }
}

/// Puts a back end behind a proxy; gives the proxy's URL.
async fn open(backend: impl Backend, rules: Rules, tasks: &mut JoinSet<()>) -> Result<String, StackError> {
    let (listener, url) = loopback(0).await?;
    tasks.spawn(Proxy::new(backend, rules).serve(listener));
    Ok(url)
}

fn open_queues(data: Option<&DataFolder>, clock: &Clock) -> Result<Sqs, StackError> {
    let Some(data) = data else { return Ok(Sqs::in_memory(clock.clone())) };
    Sqs::kept_in(&data.queues(), clock.clone()).map_err(|error| StackError::new("open the queues", error))
}

fn credentials(access_key: &str) -> Credentials {
    Credentials::new(access_key, "local", None, None, "local")
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::error::ProvideErrorMetadata;
    use aws_sdk_dynamodb::types::AttributeValue;
    use serde_json::json;

    use crate::template::Table;

    async fn start(tasks: &mut JoinSet<()>) -> Aws {
        let (settings, clock) = (Settings::default(), Clock::movable());
        let started = Aws::start(&settings, None, IamPolicies::default(), &clock, tasks).await;
        started.expect("tables and queues")
    }

    /// So that what would be refused in AWS fails on a laptop, too.
    #[tokio::test]
    async fn the_emulator_keeps_dynamodbs_limits() {
        let mut tasks = JoinSet::new();
        let client = start(&mut tasks).await.dynamodb;
        let properties = json!({
            "KeySchema": [{ "AttributeName": "key", "KeyType": "HASH" }],
            "AttributeDefinitions": [{ "AttributeName": "key", "AttributeType": "S" }],
        });
        let table = Table { name: "Table".to_owned(), properties };
        tables::create(&client, &[table]).await.expect("a table");
        let text = |length| AttributeValue::S("x".repeat(length));
        let nested =
            |depth| (0..depth).fold(text(1), |inner, _| AttributeValue::M([("in".to_owned(), inner)].into()));
        for (key, value, is_taken) in [
            (text(2048), text(390 * 1024), true),
            (text(2049), text(1), false),
            (text(10), text(410 * 1024), false),
            (text(0), text(1), false),
            (text(10), nested(31), true),
            (text(10), nested(32), false),
            (text(10), nested(200), false),
            (text(10), AttributeValue::N("1e200".to_owned()), false),
            (text(10), AttributeValue::N("one".to_owned()), false),
            (text(10), AttributeValue::Ss(Vec::new()), false),
            (AttributeValue::N("1".to_owned()), text(1), false),
        ] {
            let told = format!("{:.30} {:.60}", format!("{key:?}"), format!("{value:?}"));
            let put = client.put_item().table_name("Table").item("key", key).item("value", value);
            let refusal = put.send().await.err().map(|error| error.into_service_error());
            let is_refused = refusal.map(|error| error.meta().code() == Some("ValidationException"));
            assert_eq!(is_refused, (!is_taken).then_some(true), "{told}");
        }
    }

    #[tokio::test]
    async fn an_access_key_that_was_made_up_is_refused_as_aws_refuses_it() {
        let mut tasks = JoinSet::new();
        let aws = start(&mut tasks).await;
        aws.dynamodb.list_tables().send().await.expect("a list of tables");
        aws.sqs_client.list_queues().send().await.expect("a list of queues");
        for key in [STACK, "send", "AKIAIOSFODNN7EXAMPLE", "/"] {
            let config = aws.dynamodb.config().to_builder().credentials_provider(credentials(key)).build();
            let refusal = aws_sdk_dynamodb::Client::from_conf(config).list_tables().send().await;
            let refusal = refusal.expect_err(key);
            assert_eq!(refusal.code(), Some("UnrecognizedClientException"), "{key}");
            let config = aws.sqs_client.config().to_builder().credentials_provider(credentials(key)).build();
            let refusal = aws_sdk_sqs::Client::from_conf(config).list_queues().send().await;
            assert_eq!(refusal.expect_err(key).code(), Some("InvalidClientTokenId"), "{key}");
        }
    }
}
