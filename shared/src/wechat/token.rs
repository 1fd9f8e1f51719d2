//! `/cgi-bin/token` and `/cgi-bin/stable_token`: access tokens, which only `refresh` fetches.

use secrecy::{ExposeSecret, SecretString};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{ApiRequest, reader};

/// No token is believed to live longer, in seconds: WeChat's live two hours.
const LONGEST_LIFE: i64 = 24 * 3600;

/// A token as it goes into a query string; prints as nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct AccessToken(SecretString);

impl From<String> for AccessToken {
    fn from(token: String) -> Self {
        Self(token.into())
    }
}

impl AccessToken {
    /// The token itself: for the query string and the table.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// A name for it that gives nothing away: the first 16 hex digits of its SHA-256.
    pub fn fingerprint(&self) -> String {
        Sha256::digest(self.expose()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A token as WeChat hands it out.
#[derive(Clone, Debug, Deserialize)]
pub struct IssuedToken {
    /// The token.
    #[serde(rename = "access_token", deserialize_with = "reader::required")]
    pub token: AccessToken,
    /// How long it still lives, in seconds; a stable token comes with what remains of its life.
    #[serde(deserialize_with = "seconds")]
    pub expires_in: i64,
}

/// A token without a life is none; one that is said to live for ever is renewed all the same.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let seconds = reader::number(deserializer)?.filter(|seconds| *seconds > 0);
    seconds.map(|seconds| seconds.min(LONGEST_LIFE)).ok_or_else(|| D::Error::custom("no number of seconds"))
}

/// Fetches a classic token: every call makes a new one. Errcode 40001 means a wrong AppSecret here.
pub fn classic(appid: &str, secret: &SecretString) -> ApiRequest<IssuedToken> {
    ApiRequest::get("/cgi-bin/token")
        .with("grant_type", "client_credential")
        .with("appid", appid)
        .with("secret", secret.expose_secret())
}

/// Fetches the stable token; `force` renews one that is still valid.
pub fn stable(appid: &str, secret: &SecretString, force: bool) -> ApiRequest<IssuedToken> {
    let body = json!({
        "grant_type": "client_credential",
        "appid": appid,
        "secret": secret.expose_secret(),
        "force_refresh": force,
    });
    ApiRequest::post("/cgi-bin/stable_token", body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expires_in(seconds: &str) -> Option<i64> {
        let answer = format!(r#"{{"access_token":"t","expires_in":{seconds}}}"#);
        reader::parse::<IssuedToken>(answer.as_bytes()).ok().map(|issued| issued.expires_in)
    }

    #[test]
    fn a_token_lives_for_some_time_and_not_for_ever() {
        assert_eq!(["7200", "\"7200\"", "1"].map(expires_in), [Some(7200), Some(7200), Some(1)]);
        assert_eq!(["0", "-1", "null", "\"\"", "{}", "-9223372036854775808"].map(expires_in), [None; 6]);
        assert_eq!(expires_in("9223372036854775807"), Some(LONGEST_LIFE));
    }
}
