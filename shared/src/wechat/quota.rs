//! `openapi/quota/get`: how often an endpoint may still be called today.

use serde::Deserialize;
use serde_json::json;

use super::{ApiRequest, reader};

/// The endpoint.
pub const PATH: &str = "/cgi-bin/openapi/quota/get";

/// What WeChat tells of one endpoint; numbers that it leaves out are unknown.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Quota {
    /// Of the day.
    pub quota: Daily,
}

/// Calls of one Beijing day.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Daily {
    /// How many there may be.
    #[serde(default, deserialize_with = "reader::number")]
    pub daily_limit: Option<i64>,
    /// How many there were.
    #[serde(default, deserialize_with = "reader::number")]
    pub used: Option<i64>,
}

/// The quota of an endpoint, by its path.
pub fn of(path: &str) -> ApiRequest<Quota> {
    ApiRequest::post(PATH, json!({ "cgi_path": path })).repeatable()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_reads_whether_its_numbers_are_numbers_or_text() {
        for text in [
            r#"{"errcode":0,"errmsg":"ok","quota":{"daily_limit":100000,"used":12,"remain":99988},"rate_limit":{"call_count":1,"refresh_second":60}}"#,
            r#"{"quota":{"daily_limit":"100000","used":"12"}}"#,
        ] {
            let Quota { quota } = reader::parse(text.as_bytes()).expect("a quota");
            assert_eq!(quota, Daily { daily_limit: Some(100_000), used: Some(12) });
        }
        for text in [r#"{"errcode":0}"#, r#"{"quota":{}}"#, r#"{"rate_limit":{"call_count":1}}"#] {
            assert_eq!(
                reader::parse::<Quota>(text.as_bytes()).expect("an answer"),
                Quota::default(),
                "{text}"
            );
        }
    }
}
