//! The data a mini-program gets sealed with a user's session key: encryptedData and its signature.

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeEncrypt, KeyIvInit};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};

use crate::world::World;
use crate::world::accounts::{MINI, MINI_APPID};

/// What `wx.getUserInfo` gives a mini-program.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sealed {
    encrypted_data: String,
    iv: String,
    raw_data: String,
    signature: String,
}

impl Sealed {
    /// Seals `plain` and signs `raw`, the part of it that the mini-program sees; `None` if the key is none.
    pub(crate) fn new(session_key: &str, raw: &str, plain: &Value) -> Option<Self> {
        let iv = rand::random::<[u8; 16]>();
        let sealed = encrypt(session_key, iv, plain.to_string().as_bytes())?;
        Some(Self {
            encrypted_data: STANDARD.encode(sealed),
            iv: STANDARD.encode(iv),
            raw_data: raw.to_owned(),
            signature: signature(raw, session_key),
        })
    }
}

/// The object as WeChat seals it: with the user's ids and the time, unless it has its own.
pub(crate) fn with_ids(world: &World, user: u32, mut object: Map<String, Value>) -> Value {
    let unionids = world.console.unionids();
    object.entry("openId").or_insert_with(|| MINI.openids.of(user).into());
    object.entry("unionId").or_insert_with(|| unionids.of(user).into());
    object
        .entry("watermark")
        .or_insert_with(|| json!({ "appid": MINI_APPID, "timestamp": world.clock.now() }));
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

#[cfg(test)]
mod tests {
    use super::*;

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
        let world = World { clock: clock::Clock::movable(), ..World::default() };
        let sealed = with_ids(&world, 7, object);
        assert_eq!(sealed["openId"], MINI.openids.of(7));
        assert_eq!(sealed["unionId"], "mine");
        assert_eq!(sealed["watermark"], json!({ "appid": MINI_APPID, "timestamp": world.clock.now() }));
    }
}
