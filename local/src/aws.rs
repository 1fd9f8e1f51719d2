//! DynamoDB and SQS as the stack itself uses them: the emulators in this process, or endpoints given.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::config::{Credentials, Region};
use tokio::task::JoinSet;

use crate::data::DataFolder;
use crate::ledger::Ledger;
use crate::meter::Meter;
use crate::rights::{Rights, STACK};
use crate::settings::Endpoints;
use crate::template::Template;
use crate::{Settings, StackError, queues, tables};

/// Where they answer, and clients that may do everything.
pub struct Aws {
    /// Where they answer.
    pub endpoints: Endpoints,
    dynamodb: aws_sdk_dynamodb::Client,
    /// The client that polls and refills.
    pub sqs: aws_sdk_sqs::Client,
    /// What the functions took from the tables, where that is kept.
    pub meter: Meter,
}

impl Aws {
    /// Starts the emulators that are not replaced by an endpoint.
    ///
    /// # Errors
    /// When a file or a socket cannot be opened.
    pub async fn start(
        settings: &Settings,
        data: Option<&DataFolder>,
        rights: Rights,
        ledger: &Ledger,
        tasks: &mut JoinSet<()>,
    ) -> Result<Self, StackError> {
        let meter = Meter::default();
        let dynamodb_url = match settings.set("AWS_ENDPOINT_URL_DYNAMODB") {
            Some(url) => url,
            None => {
                let (file, meter) = (data.map(DataFolder::tables), settings.meters.then(|| meter.clone()));
                tables::serve(file.as_deref(), rights.clone(), settings.faults, meter, tasks).await?
            }
        };
        let sqs_url = match settings.set("AWS_ENDPOINT_URL_SQS") {
            Some(url) => url,
            None => queues::serve(rights, ledger.clone(), settings.faults, tasks).await?,
        };
        let credentials = Credentials::new(STACK, "local", None, None, "local");
        let dynamodb = aws_sdk_dynamodb::Config::builder()
            .behavior_version_latest()
            .region(Region::new(settings.region()))
            .credentials_provider(credentials.clone())
            .endpoint_url(&dynamodb_url);
        let sqs = aws_sdk_sqs::Config::builder()
            .behavior_version_latest()
            .region(Region::new(settings.region()))
            .credentials_provider(credentials)
            .endpoint_url(&sqs_url);
        Ok(Self {
            endpoints: Endpoints { dynamodb: dynamodb_url, sqs: sqs_url },
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb.build()),
            sqs: aws_sdk_sqs::Client::from_conf(sqs.build()),
            meter,
        })
    }

    /// Creates the tables and queues that are missing; gives the queues' URLs.
    ///
    /// # Errors
    /// When one cannot be created.
    pub async fn furnish(
        &self,
        plan: &Template,
        time_scale: f64,
    ) -> Result<BTreeMap<String, String>, StackError> {
        tables::create(&self.dynamodb, &plan.tables).await?;
        let urls = queues::create(&self.sqs, &plan.queues).await?;
        queues::configure(&self.sqs, &plan.queues, &urls, time_scale).await?;
        Ok(urls)
    }
}
