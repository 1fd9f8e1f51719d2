//! Which Queqiao a verb is about: the local one, one at an address, or a deployed stack.

use std::path::PathBuf;

use local::RunFile;
use shared::Config;
use shared::store::{self, Keys};

use crate::Failure;
use crate::api::Api;

/// Which Queqiao it is about; left out, the local one that is running.
#[derive(clap::Args)]
pub struct Target {
    /// A deployed stack, by its CloudFormation name
    #[arg(long, value_name = "NAME", conflicts_with_all = ["gateway", "data"])]
    stack: Option<String>,
    /// The folder of the local stack (its --data)
    #[arg(long, value_name = "DIR", default_value = ".local")]
    data: PathBuf,
    #[command(flatten)]
    address: Address,
}

/// An address to call; the verbs that only call routes take one.
#[derive(clap::Args)]
struct Address {
    /// A gateway's URL
    #[arg(long, value_name = "URL", env = "QUEQIAO_GATEWAY")]
    gateway: Option<String>,
    /// The service key to call with; better set QUEQIAO_KEY than name it on a command line
    #[arg(long, value_name = "KEY", env = "QUEQIAO_KEY", hide_env_values = true)]
    key: Option<String>,
}

impl Target {
    /// Its routes, called with a service key.
    pub async fn api(self) -> Result<Api, Failure> {
        let Address { gateway, key } = self.address;
        let own_key =
            || key.clone().ok_or("Set QUEQIAO_KEY to a service key; `queqiao keys create` makes one.");
        if let Some(stack) = self.stack {
            return Ok(Api::new(&deployed_gateway(&stack).await?, &own_key()?));
        }
        if let Some(gateway) = gateway {
            return Ok(Api::new(&gateway, &own_key()?));
        }
        let run = RunFile::read(&self.data)?;
        Ok(Api::new(&run.gateway, &key.unwrap_or(run.service_key)))
    }

    /// Its table of service keys.
    pub async fn keys(self) -> Result<Keys, Failure> {
        if let Some(stack) = self.stack {
            return deployed_keys(&stack).await;
        }
        let config = Config::of(RunFile::read(&self.data)?.operator);
        Ok(Keys::new(&config, store::client(&config)?)?)
    }
}

#[cfg(feature = "aws")]
use crate::deployed::{gateway as deployed_gateway, keys as deployed_keys};

#[cfg(not(feature = "aws"))]
const WITHOUT_AWS: &str = "This program was built without AWS; build one that has it with \
     `cargo install --path cli --features aws`, or name the gateway with --gateway.";

#[cfg(not(feature = "aws"))]
async fn deployed_gateway(_stack: &str) -> Result<String, Failure> {
    Err(WITHOUT_AWS.into())
}

#[cfg(not(feature = "aws"))]
async fn deployed_keys(_stack: &str) -> Result<Keys, Failure> {
    Err(WITHOUT_AWS.into())
}
