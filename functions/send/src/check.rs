//! What cannot be sent at all, whatever the catalog says.

use contract::SendRequest;
use contract::send::{LONGEST_ID, LONGEST_PAGE, MOST_RECIPIENTS};
use shared::Error;

/// Refuses what cannot be sent at all.
///
/// # Errors
/// [`Error::InvalidRequest`], [`Error::TooLarge`].
pub fn check(call: &SendRequest) -> Result<(), Error> {
    if call.to.is_empty() {
        return Err(Error::InvalidRequest("`to` must name at least one recipient.".into()));
    }
    if call.to.len() > MOST_RECIPIENTS {
        return Err(Error::TooLarge(format!(
            "One call takes at most {MOST_RECIPIENTS} recipients; split it."
        )));
    }
    if call
        .page
        .as_deref()
        .is_some_and(|page| !(1..=LONGEST_PAGE).contains(&page.len()) || page.starts_with('/'))
    {
        return Err(Error::InvalidRequest(format!(
            "`page` must be a path without a leading slash, of at most {LONGEST_PAGE} bytes."
        )));
    }
    match call.to.iter().position(|to| !to.is_one()) {
        Some(index) => Err(Error::InvalidRequest(format!(
            "`to[{index}]` must have exactly one of `openid`, `unionid`, `oa_openid`, of 1 to {LONGEST_ID} letters, digits, `_` and `-`."
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn checked(call: Value) -> Result<(), String> {
        let call: SendRequest = serde_json::from_value(call).expect("a call");
        check(&call).map_err(|error| error.to_string())
    }

    #[test]
    fn a_recipient_has_exactly_one_name() {
        assert_eq!(checked(json!({"notification": "a", "to": [{"openid": "o1"}]})), Ok(()));
        for to in [
            json!({}),
            json!({"openid": "o1", "unionid": "u1"}),
            json!({"openid": ""}),
            json!({"unionid": "u 1"}),
            json!({"oa_openid": "o\u{200b}1"}),
        ] {
            let error = checked(json!({"notification": "a", "to": [to]})).expect_err("refused");
            assert!(error.starts_with("`to[0]` must have exactly one"), "{error}");
        }
    }

    #[test]
    fn more_recipients_than_a_call_takes_are_refused_with_the_limit() {
        let to = vec![json!({"openid": "o1"}); MOST_RECIPIENTS + 1];
        let error = checked(json!({"notification": "a", "to": to})).expect_err("refused");
        assert!(error.contains("at most 10000 recipients"), "{error}");
    }
}
