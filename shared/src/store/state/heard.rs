//! `heard#<appid>`: when WeChat told something of an account the last time.

use serde::{Deserialize, Serialize};

use super::State;
use crate::Error;
use crate::store::number;

#[derive(Serialize, Deserialize)]
struct Heard {
    heard_at: i64,
}

impl State {
    /// Writes down that WeChat has told something of the account.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn note_heard(&self, appid: &str) -> Result<(), Error> {
        let update = self.table.update(&key(appid)).update_expression("SET heard_at = :now");
        let update = update.expression_attribute_values(":now", number(self.clock.now()));
        update.send().await.map_err(Error::unavailable)?;
        Ok(())
    }

    /// When WeChat told something of the account the last time, to some minutes, in Unix seconds; `None` if it never did.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn heard_at(&self, appid: &str) -> Result<Option<i64>, Error> {
        Ok(self.table.get::<Heard>(&key(appid)).await?.map(|heard| heard.heard_at))
    }
}

fn key(appid: &str) -> String {
    format!("heard#{appid}")
}
