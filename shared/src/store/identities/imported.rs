//! Users that were there before: pairs of openid and unionid that another system knew.

use super::{Identities, Identity, NEVER, UNBOUND};
use crate::Error;
use crate::store::{condition_met, number, text, to_item};

/// What became of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    /// The map did not know it.
    Written,
    /// An earlier import said otherwise.
    Corrected,
    /// The map has it already.
    Unchanged,
    /// WeChat has confirmed another unionid for this openid, or another openid for this unionid. That stays.
    Differs,
}

/// How often a pair is looked at anew because another import came between.
const ATTEMPTS: usize = 10;

/// What the map has before a pair is imported.
struct Looked {
    outcome: Imported,
    /// The row of its unionid.
    there: Option<Identity>,
    /// The rows that have another unionid for its openid.
    others: Vec<Identity>,
}

impl Identities {
    /// Remembers a user of the mini-program, of whom another system says that this is their unionid. What WeChat has
    /// confirmed outdoes it, before and after; of two imports the later one counts.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; the next import of the pair does what is left.
    pub async fn import(&self, openid: &str, unionid: &str) -> Result<Imported, Error> {
        for _ in 0..ATTEMPTS {
            let Looked { outcome, there, others } = self.look(openid, unionid).await?;
            match outcome {
                Imported::Unchanged | Imported::Differs => return Ok(outcome),
                // Somebody else has changed it since: it is looked at anew.
                _ if !self.put_imported((openid, unionid), there).await? => {}
                _ => {
                    self.drop_imported(openid, others).await?;
                    return Ok(outcome);
                }
            }
        }
        Err(Error::unavailable("a pair changes all the time"))
    }

    /// Writes the row where `there` is nothing, or still this; whether it did.
    async fn put_imported(
        &self,
        (openid, unionid): (&str, &str),
        there: Option<Identity>,
    ) -> Result<bool, Error> {
        let row = Identity { updated_at: NEVER, ..self.login(openid, unionid.to_owned()) };
        let put = self.client.put_item().table_name(&self.table).set_item(Some(to_item(&row)?));
        let put = match &there {
            None => put.condition_expression("attribute_not_exists(unionid)"),
            Some(there) => put
                .condition_expression("openid = :there AND updated_at = :never")
                .expression_attribute_values(":there", text(&there.openid))
                .expression_attribute_values(":never", number(NEVER)),
        };
        condition_met(put.send().await)
    }

    async fn drop_imported(&self, openid: &str, others: Vec<Identity>) -> Result<(), Error> {
        for other in others {
            let delete = self.client.delete_item().table_name(&self.table);
            let delete = delete.set_key(Some(self.key(&other.unionid, &other.account)));
            let delete = delete.condition_expression("openid = :openid AND updated_at = :never");
            let delete = delete.expression_attribute_values(":openid", text(openid));
            condition_met(delete.expression_attribute_values(":never", number(NEVER)).send().await)?;
        }
        Ok(())
    }

    /// What [`Self::import`] would come to.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn would_import(&self, openid: &str, unionid: &str) -> Result<Imported, Error> {
        Ok(self.look(openid, unionid).await?.outcome)
    }

    async fn look(&self, openid: &str, unionid: &str) -> Result<Looked, Error> {
        // The index, by which the others are found, lags behind.
        let (mut others, there) = tokio::try_join!(
            self.by_openid(openid, &self.mini_appid),
            self.row(self.key(unionid, &self.mini_appid))
        )?;
        others.retain(|row| row.unionid != unionid && !row.unionid.starts_with(UNBOUND));
        let is_confirmed = |row: &Identity| !row.is_imported();
        let outcome = match &there {
            Some(row) if row.openid == openid && (others.is_empty() || is_confirmed(row)) => {
                Imported::Unchanged
            }
            Some(row) if row.openid != openid && is_confirmed(row) => Imported::Differs,
            _ if others.iter().any(is_confirmed) => Imported::Differs,
            None if others.is_empty() => Imported::Written,
            _ => Imported::Corrected,
        };
        Ok(Looked { outcome, there, others })
    }
}
