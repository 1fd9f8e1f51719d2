//! The body of POST /send.

use serde::Deserialize;
use serde_json::{Map, Value};
use shared::Error;
use shared::job::Recipient;

/// The most recipients of one call.
pub const MOST_RECIPIENTS: usize = 10_000;

/// WeChat's ids have 28 characters; longer than this is none.
const LONGEST_ID: usize = 64;

/// What a caller wants sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// An entry of the catalog.
    pub notification: String,
    /// To whom.
    pub to: Vec<To>,
    /// What fills it.
    #[serde(default)]
    pub data: Map<String, Value>,
    /// A page instead of the catalog's.
    pub page: Option<String>,
}

/// One recipient: exactly one of the three, and data of their own over the call's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct To {
    openid: Option<String>,
    unionid: Option<String>,
    oa_openid: Option<String>,
    /// Their own data, over the call's.
    #[serde(default)]
    pub data: Map<String, Value>,
}

impl Call {
    /// Refuses what cannot be sent at all.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`], [`Error::TooLarge`].
    pub fn check(&self) -> Result<(), Error> {
        if self.to.is_empty() {
            return Err(Error::InvalidRequest("`to` must name at least one recipient.".into()));
        }
        if self.to.len() > MOST_RECIPIENTS {
            let count = self.to.len();
            return Err(Error::TooLarge(format!(
                "One call takes at most {MOST_RECIPIENTS} recipients, not {count}; split it."
            )));
        }
        if self.page.as_deref().is_some_and(|page| page.is_empty() || page.starts_with('/')) {
            return Err(Error::InvalidRequest("`page` must be a path without a leading slash.".into()));
        }
        match self.to.iter().position(|to| !to.is_one()) {
            Some(index) => Err(Error::InvalidRequest(format!(
                "`to[{index}]` must have exactly one of `openid`, `unionid`, `oa_openid`, of 1 to {LONGEST_ID} characters."
            ))),
            None => Ok(()),
        }
    }

    /// The recipients, in order.
    pub fn recipients(&self) -> impl Iterator<Item = Recipient> {
        self.to.iter().map(To::recipient)
    }
}

impl To {
    fn is_one(&self) -> bool {
        let named: Vec<_> = [&self.openid, &self.unionid, &self.oa_openid].into_iter().flatten().collect();
        named.len() == 1 && named.iter().all(|id| !id.is_empty() && id.len() <= LONGEST_ID)
    }

    /// How the caller named them; [`Call::check`] has seen to it that there is exactly one name.
    pub fn recipient(&self) -> Recipient {
        match (&self.openid, &self.unionid) {
            (Some(openid), _) => Recipient::Openid(openid.clone()),
            (None, Some(unionid)) => Recipient::Unionid(unionid.clone()),
            (None, None) => Recipient::OaOpenid(self.oa_openid.clone().unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(call: Value) -> Result<(), String> {
        let call: Call = serde_json::from_value(call).expect("a call");
        call.check().map_err(|error| error.to_string())
    }

    #[test]
    fn a_recipient_has_exactly_one_name() {
        assert_eq!(check(json!({"notification": "a", "to": [{"openid": "o1"}]})), Ok(()));
        for to in [json!({}), json!({"openid": "o1", "unionid": "u1"}), json!({"openid": ""})] {
            let error = check(json!({"notification": "a", "to": [to]})).expect_err("refused");
            assert!(error.starts_with("`to[0]` must have exactly one"), "{error}");
        }
    }

    #[test]
    fn more_recipients_than_a_call_takes_are_refused_with_the_limit() {
        let to = vec![json!({"openid": "o1"}); MOST_RECIPIENTS + 1];
        let error = check(json!({"notification": "a", "to": to})).expect_err("refused");
        assert!(error.contains("at most 10000 recipients, not 10001"), "{error}");
    }
}
