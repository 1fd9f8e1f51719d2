//! `forget#<id>`: who is being forgotten, and how far that has come.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::State;
use crate::Error;
use crate::store::messages::Place;
use crate::store::{UserIds, condition_met, text};

/// How long it can be asked about, in seconds: as long as a batch.
const KEPT_FOR: i64 = 30 * 24 * 3600;

/// The deletion of a user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Forgetting {
    /// Its id.
    pub id: String,
    /// Which of the calls for this id it is: an earlier one's worker stops.
    pub call: String,
    /// Of whom; nobody once it is done.
    #[serde(default)]
    pub ids: UserIds,
    /// Where the messages table is to be looked through from; `None` at its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Place>,
    /// Whether it is done.
    #[serde(default)]
    pub done: bool,
    /// Rows of the map that are gone.
    pub identities: u64,
    /// Sessions that are gone.
    pub sessions: u64,
    /// Subscribe messages that were accepted and not sent.
    #[serde(default)]
    pub credits: u64,
    /// Messages that name nobody any more.
    pub messages: u64,
    /// Items of the messages table that were looked at.
    pub scanned: u64,
    /// Unix seconds.
    pub started_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

#[derive(Serialize, Deserialize)]
struct Row {
    key: String,
    #[serde(flatten)]
    forgetting: Forgetting,
    expires_at: i64,
}

impl State {
    /// The deletion of this id.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn forgetting(&self, id: &str) -> Result<Option<Forgetting>, Error> {
        let row = self.table.get::<Row>(&format!("forget#{id}")).await?;
        Ok(row.filter(|row| row.expires_at > self.clock.now()).map(|row| row.forgetting))
    }

    /// Writes it down in place of an earlier call's.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn begin_forgetting(&self, forgetting: &Forgetting) -> Result<(), Error> {
        let put = self.table.put(&self.forgetting_row(forgetting))?;
        put.send().await.map_err(Error::unavailable)?;
        Ok(())
    }

    /// Writes how far it has come; `false` when it is done already, or a later call has begun it anew.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn save_forgetting(&self, forgetting: &Forgetting) -> Result<bool, Error> {
        let put = self.table.put(&self.forgetting_row(forgetting))?;
        let put = put
            .condition_expression("#call = :call AND done = :no")
            .expression_attribute_names("#call", "call")
            .expression_attribute_values(":call", text(&forgetting.call))
            .expression_attribute_values(":no", AttributeValue::Bool(false));
        condition_met(put.send().await)
    }

    fn forgetting_row(&self, forgetting: &Forgetting) -> Row {
        let expires_at = self.clock.now() + KEPT_FOR;
        Row { key: format!("forget#{}", forgetting.id), forgetting: forgetting.clone(), expires_at }
    }
}
