//! Users that were there before: pairs of openid and unionid that another system knew.

use super::{Identities, Identity, Registration};
use crate::Error;
use crate::store::{condition_met, to_item};

/// What became of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    /// The map did not know it.
    Written,
    /// The map has it already.
    Unchanged,
    /// The map has another unionid for this openid, or another openid for this unionid. That stays.
    Differs,
}

impl Identities {
    /// Remembers a user of the mini-program, of whom another system says that this is their unionid. Nothing that the
    /// map has is overwritten, and what it has outdoes it: WeChat has confirmed that.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn import(&self, openid: &str, unionid: &str) -> Result<Imported, Error> {
        let outcome = self.would_import(openid, unionid).await?;
        if outcome != Imported::Written {
            return Ok(outcome);
        }
        let row = Identity { updated_at: 0, ..self.login(openid, unionid.to_owned()) };
        let put = self.client.put_item().table_name(&self.table).set_item(Some(to_item(&row)?));
        let put = put.condition_expression("attribute_not_exists(unionid)");
        match condition_met(put.send().await)? {
            true => Ok(Imported::Written),
            // Somebody was faster, or the answer to the first try was lost.
            false => self.would_import(openid, unionid).await,
        }
    }

    /// What [`Self::import`] would come to.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn would_import(&self, openid: &str, unionid: &str) -> Result<Imported, Error> {
        match self.registration(openid).await? {
            Registration::Bound(known) if known == unionid => return Ok(Imported::Unchanged),
            Registration::Bound(_) => return Ok(Imported::Differs),
            Registration::Unbound | Registration::Never => {}
        }
        // The index, by which that was found, lags behind.
        Ok(match self.row(self.key(unionid, &self.mini_appid)).await? {
            None => Imported::Written,
            Some(row) if row.openid == openid => Imported::Unchanged,
            Some(_) => Imported::Differs,
        })
    }
}
