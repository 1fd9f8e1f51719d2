//! `wx.login`: codes, session keys, and the data a mini-program gets sealed with them.

use std::collections::{BTreeMap, HashMap};

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeEncrypt, KeyIvInit};
use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};

use crate::api::answer::{Answer, Refusal};
use crate::api::call::ApiCall;
use crate::state::State;
use crate::world::accounts::{Account, MINI_APPID};
use crate::world::tokens::authenticate;
use crate::world::users::Id;

/// A code can be exchanged for five minutes, in seconds.
const CODE_LIFETIME: i64 = 300;

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Logins {
    #[serde(skip)]
    codes: HashMap<String, Code>,
    /// By user, in base64 as WeChat hands it out.
    session_keys: BTreeMap<u32, String>,
}

struct Code {
    user: u32,
    issued_at: i64,
    used: bool,
}

impl Logins {
    /// What `wx.login` gives the mini-program.
    pub(crate) fn new_code(&mut self, user: u32, now: i64) -> String {
        self.codes.retain(|_, code| now - code.issued_at <= 2 * CODE_LIFETIME);
        let code = format!("0{}", &URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>())[1..]);
        self.codes.insert(code.clone(), Code { user, issued_at: now, used: false });
        code
    }

    /// The user a code was given to, used or not.
    pub(crate) fn user(&self, code: &str) -> Option<u32> {
        self.codes.get(code).map(|code| code.user)
    }

    /// Uses up a code and gives its user.
    fn redeem(&mut self, code: &str, now: i64) -> Result<u32, Refusal> {
        let code = self.codes.get_mut(code).ok_or_else(|| Refusal::new(40029))?;
        if code.used {
            return Err(Refusal::new(40163));
        }
        if now - code.issued_at >= CODE_LIFETIME {
            return Err(Refusal::new(40029));
        }
        code.used = true;
        Ok(code.user)
    }

    fn new_session_key(&mut self, user: u32) -> String {
        let key = STANDARD.encode(rand::random::<[u8; 16]>());
        self.session_keys.insert(user, key.clone());
        key
    }

    /// Seals `raw`, the JSON text of an object, for a user; `None` if the user never logged in.
    pub(crate) fn seal(&self, user: u32, raw: &str, object: Map<String, Value>, now: i64) -> Option<Value> {
        let session_key = self.session_keys.get(&user)?;
        let iv = rand::random::<[u8; 16]>();
        let sealed = encrypt(session_key, iv, with_ids(user, object, now).to_string().as_bytes())?;
        Some(json!({
            "encryptedData": STANDARD.encode(sealed),
            "iv": STANDARD.encode(iv),
            "rawData": raw,
            "signature": signature(raw, session_key),
        }))
    }
}

fn with_ids(user: u32, mut object: Map<String, Value>, now: i64) -> Value {
    object.entry("openId").or_insert_with(|| Id::MiniOpenid.of(user).into());
    object.entry("unionId").or_insert_with(|| Id::Unionid.of(user).into());
    object.entry("watermark").or_insert_with(|| json!({ "appid": MINI_APPID, "timestamp": now }));
    Value::Object(object)
}

fn encrypt(session_key: &str, iv: [u8; 16], plain: &[u8]) -> Option<Vec<u8>> {
    let key = STANDARD.decode(session_key).ok()?;
    let cipher = cbc::Encryptor::<Aes128>::new_from_slices(&key, &iv).ok()?;
    Some(cipher.encrypt_padded_vec::<Pkcs7>(plain))
}

/// Over the text of the session key, not the bytes it encodes.
fn signature(raw: &str, session_key: &str) -> String {
    let digest = Sha1::new().chain_update(raw).chain_update(session_key).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// GET /sns/jscode2session
pub(crate) fn jscode2session(state: &mut State, call: &ApiCall) -> Answer {
    let code = call.query("js_code");
    let (appid, secret) = (call.query("appid").unwrap_or_default(), call.query("secret").unwrap_or_default());
    let account = authenticate(appid, secret)?;
    let code = code.ok_or_else(|| Refusal::new(41008))?;
    if call.query("grant_type") != Some("authorization_code") {
        return Err(Refusal::new(40002));
    }
    let now = state.clock.now();
    state.quota.count(call.path, account, now)?;
    if account != Account::Mini {
        return Err(Refusal::new(40029));
    }
    let user = state.logins.redeem(code, now)?;
    let session_key = state.logins.new_session_key(user);
    let mut answer = json!({ "openid": Id::MiniOpenid.of(user), "session_key": session_key });
    if let Some(unionid) = state.followers.unionid(user) {
        answer["unionid"] = unionid.into();
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn a_code_is_good_once() {
        let mut logins = Logins::default();
        let code = logins.new_code(7, NOW);
        assert_eq!(logins.redeem(&code, NOW), Ok(7));
        assert_eq!(logins.redeem(&code, NOW), Err(Refusal::new(40163)));
    }

    #[test]
    fn a_code_is_good_for_five_minutes() {
        let mut logins = Logins::default();
        let (in_time, too_late) = (logins.new_code(7, NOW), logins.new_code(7, NOW));
        assert_eq!(logins.redeem(&in_time, NOW + 299), Ok(7));
        assert_eq!(logins.redeem(&too_late, NOW + 300), Err(Refusal::new(40029)));
        assert_eq!(logins.redeem("0made-up", NOW), Err(Refusal::new(40029)));
    }

    /// WeChat's own vector: signature.html of the mini-program documentation.
    #[test]
    fn the_official_signature_comes_out() {
        let raw = r#"{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}"#;
        assert_eq!(signature(raw, "HyVFkGl5F5OQWJZZaNzBBg=="), "75e81ceda165f4ffa64f4068af58c64b8f54b88c");
    }

    /// WeChat's own vector: the demo of the mini-program documentation.
    #[test]
    fn the_official_demo_data_seals_to_the_official_ciphertext() {
        let plain = r#"{"openId":"oGZUI0egBJY1zhBYw2KhdUfwVJJE","nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/aSKcBBPpibyKNicHNTMM0qJVh8Kjgiak2AHWr8MHM4WgMEm7GFhsf8OYrySdbvAMvTsw3mo8ibKicsnfN5pRjl1p8HQ/0","unionId":"ocMvos6NjeKLIBqg5Mr9QjxrP1FA","watermark":{"timestamp":1477314187,"appid":"wx4f4bc4dec97d474b"}}"#;
        let iv = STANDARD.decode("r7BXXKkLb8qrSNn05n0qiA==").unwrap().try_into().unwrap();
        let sealed = STANDARD.encode(encrypt("tiihtNczf5v6AKRyjwEUhQ==", iv, plain.as_bytes()).unwrap());
        assert!(sealed.starts_with(
            "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7f"
        ));
        assert!(sealed.ends_with("Gwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew=="));
    }

    #[test]
    fn sealed_data_carries_the_ids_unless_the_object_has_its_own() {
        let object = json!({ "unionId": "mine", "city": "x" }).as_object().cloned().unwrap();
        let sealed = with_ids(7, object, NOW);
        assert_eq!(sealed["openId"], Id::MiniOpenid.of(7));
        assert_eq!(sealed["unionId"], "mine");
        assert_eq!(sealed["watermark"], json!({ "appid": MINI_APPID, "timestamp": NOW }));
    }

    #[test]
    fn nothing_can_be_sealed_for_a_user_who_never_logged_in() {
        assert_eq!(Logins::default().seal(7, "{}", Map::new(), NOW), None);
    }
}
