//! encryptedData: AES-128-CBC under the session_key, and the signature over rawData.

use aes::Aes128;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

use super::reader;

/// Base64 as clients send it: with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The block of AES, which is the length of key and iv, too.
const BLOCK: usize = 16;

/// Why something does not open, in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// It was damaged on its way: no key opens it, and no new session helps.
    #[error("{0}")]
    Malformed(&'static str),
    /// It is not what this session's key opens.
    #[error("{0}")]
    Foreign(&'static str),
}

/// What whoever sends something foreign is told: which of the checks it failed would help to forge it.
pub const FOREIGN: Unopened = Unopened::Foreign(
    "`encryptedData` does not open with this session's key, or is another user's or another mini-program's.",
);

/// Opens what wx.getUserInfo and its like return: a JSON object whose watermark names `appid`.
///
/// # Errors
/// [`Unopened`] whatever is wrong with it; no input panics.
pub fn open(
    session_key: &SecretString,
    encrypted_data: &str,
    iv: &str,
    appid: &str,
) -> Result<Map<String, Value>, Unopened> {
    let key = decode(session_key.expose_secret()).and_then(|key| key.try_into().ok());
    let key: [u8; BLOCK] = key.ok_or(Unopened::Foreign("This session's key is unusable."))?;
    let iv = decode(iv).ok_or(Unopened::Malformed("`iv` is not base64."))?;
    let iv: [u8; BLOCK] = iv.try_into().map_err(|_| Unopened::Malformed("`iv` does not hold 16 bytes."))?;
    let sealed = decode(encrypted_data).ok_or(Unopened::Malformed("`encryptedData` is not base64."))?;
    if sealed.is_empty() || !sealed.len().is_multiple_of(BLOCK) {
        return Err(Unopened::Malformed("`encryptedData` is not whole: it holds no multiple of 16 bytes."));
    }
    let opener = cbc::Decryptor::<Aes128>::new(&key.into(), &iv.into());
    let plain = opener.decrypt_padded_vec::<Pkcs7>(&sealed).map_err(|_| FOREIGN)?;
    let opened: Map<String, Value> = reader::parse(&plain).map_err(|_| FOREIGN)?;
    let watermark = opened.get("watermark").and_then(|watermark| watermark.get("appid"));
    if watermark.and_then(Value::as_str) != Some(appid) {
        return Err(FOREIGN);
    }
    Ok(opened)
}

/// Whether `signature` is hex(sha1(rawData + session_key)).
pub fn is_signed(session_key: &SecretString, raw_data: &str, signature: &str) -> bool {
    let digest = Sha1::new().chain_update(raw_data).chain_update(session_key.expose_secret()).finalize();
    let expected: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    expected.as_bytes().ct_eq(signature.to_ascii_lowercase().as_bytes()).into()
}

fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // WeChat's own demo (developers.weixin.qq.com, open-ability/signature).
    const APPID: &str = "wx4f4bc4dec97d474b";
    const IV: &str = "r7BXXKkLb8qrSNn05n0qiA==";
    const ENCRYPTED_DATA: &str = "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew==";
    /// Made with the demo's key and iv, opened by openssl.
    const PHONE: &str = "xT8p8W6jIVdEWQ+ccHuD2bmG5RSiwg14VWRFw/UGVh6Aj+jDIadafJ4xdCIBQ/uxDiyw/MZWvpFyRn3pP3xxVfNQxFtzghvK+Pj5JQI7x41EpnirOxeUcm4HWRdmzGJla5bZSoGnOCbsXv5pRwGUkKrjqXN+ahUvXsHu7s3UO17Wm7voWb/tLcxrZfVTyk0rxntL3Fq2vaQdw+WIdarjGw==";

    fn session_key() -> SecretString {
        "tiihtNczf5v6AKRyjwEUhQ==".to_owned().into()
    }

    #[test]
    fn the_official_vector_opens() {
        let opened = open(&session_key(), ENCRYPTED_DATA, IV, APPID).expect("opened");
        assert_eq!(opened["openId"], "oGZUI0egBJY1zhBYw2KhdUfwVJJE");
        assert_eq!(opened["unionId"], "ocMvos6NjeKLIBqg5Mr9QjxrP1FA");
        assert_eq!(opened["nickName"], "Band");
        assert_eq!(opened["watermark"]["timestamp"], 1_477_314_187);
    }

    #[test]
    fn the_phone_vector_opens() {
        let opened = open(&session_key(), PHONE, IV, APPID).expect("opened");
        assert_eq!(opened["purePhoneNumber"], "13580006666");
    }

    #[test]
    fn the_official_signature_is_recognized() {
        let key: SecretString = "HyVFkGl5F5OQWJZZaNzBBg==".to_owned().into();
        let raw_data = r#"{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}"#;
        assert!(is_signed(&key, raw_data, "75e81ceda165f4ffa64f4068af58c64b8f54b88c"));
        assert!(!is_signed(&key, raw_data, "75e81ceda165f4ffa64f4068af58c64b8f54b88d"));
        assert!(!is_signed(&key, raw_data, ""));
    }

    #[test]
    fn another_mini_programs_data_is_refused() {
        let error = open(&session_key(), ENCRYPTED_DATA, IV, "wx0000000000000000").expect_err("refused");
        assert_eq!(error, FOREIGN);
    }

    #[test]
    fn every_wrong_input_is_told_for_what_it_is() {
        let other_key: SecretString = "AAAAAAAAAAAAAAAAAAAAAA==".to_owned().into();
        let halved = Unopened::Malformed("`encryptedData` is not whole: it holds no multiple of 16 bytes.");
        for (key, data, iv, told) in [
            (&other_key, ENCRYPTED_DATA, IV, FOREIGN),
            (&session_key(), "not base64!", IV, Unopened::Malformed("`encryptedData` is not base64.")),
            (&session_key(), ENCRYPTED_DATA, "AAAA", Unopened::Malformed("`iv` does not hold 16 bytes.")),
            (&session_key(), ENCRYPTED_DATA, "*", Unopened::Malformed("`iv` is not base64.")),
            (&session_key(), "", IV, halved),
            (&session_key(), "AAAA", IV, halved),
            (&session_key(), &ENCRYPTED_DATA[4..], IV, halved),
        ] {
            assert_eq!(open(key, data, iv, APPID), Err(told));
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(key in ".{0,40}", data in ".{0,200}", iv in ".{0,40}") {
            let _ = open(&key.into(), &data, &iv, APPID);
        }

        #[test]
        fn no_bytes_panic(
            key in prop::collection::vec(any::<u8>(), 0..33),
            data in prop::collection::vec(any::<u8>(), 0..200),
            iv in prop::collection::vec(any::<u8>(), 0..33),
        ) {
            let _ = open(&BASE64.encode(key).into(), &BASE64.encode(data), &BASE64.encode(iv), APPID);
        }
    }
}
