//! encryptedData: what a mini-program sends, and what a session's key opens of it.

use aes::Aes128;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::{NoPadding, Pkcs7};
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use contract::Code;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use sha1::{Digest, Sha1};
use shared::Error;
use shared::wechat::crypto::{self, FOREIGN};
use shared::wechat::reader;

/// WeChat's own demo's.
const APPID: &str = "wx4f4bc4dec97d474b";
const SESSION_KEY: &str = "tiihtNczf5v6AKRyjwEUhQ==";
const IV: &str = "r7BXXKkLb8qrSNn05n0qiA==";

/// Takes the input for what WeChat sealed, for what a key opens, for the three texts of a call in lines, and for
/// rawData.
pub fn sealed_data(data: &[u8]) {
    sealed_by_wechat(data);
    opened_by_the_cipher(data);
    let text = String::from_utf8_lossy(data);
    sent_by_anybody(&text);
    signed(&text);
}

/// What WeChat seals opens if it is an object for this mini-program, as what it is.
fn sealed_by_wechat(plain: &[u8]) {
    let sealed = STANDARD.encode(cipher().encrypt_padded_vec::<Pkcs7>(plain));
    let meant = reader::parse::<Map<String, Value>>(plain).ok();
    let meant = meant.filter(|data| data.get("watermark").is_some_and(|mark| mark["appid"] == APPID));
    match (crypto::open(&key(), &sealed, IV, APPID), meant) {
        (opened, Some(meant)) => assert_eq!(opened.as_ref(), Ok(&meant)),
        (opened, None) => assert_eq!(opened, Err(FOREIGN)),
    }
}

/// Whole blocks that somebody changed are an object for this mini-program, or nothing; which check they failed is
/// not told.
fn opened_by_the_cipher(data: &[u8]) {
    let plain = &data[..data.len() / 16 * 16];
    let sealed = STANDARD.encode(cipher().encrypt_padded_vec::<NoPadding>(plain));
    match crypto::open(&key(), &sealed, IV, APPID) {
        Ok(opened) => assert_eq!(opened["watermark"]["appid"], APPID),
        Err(unopened) => assert!(unopened == FOREIGN || plain.is_empty(), "{unopened:?}"),
    }
}

fn sent_by_anybody(text: &str) {
    let mut lines = text.splitn(3, '\n');
    let mut next = || lines.next().unwrap_or_default();
    let (session_key, iv, encrypted_data) = (next(), next(), next());
    for key in [key(), session_key.to_owned().into()] {
        if let Err(unopened) = crypto::open(&key, encrypted_data, iv, APPID) {
            let code = Error::from(unopened).code();
            assert!(matches!(code, Code::InvalidRequest | Code::DecryptFailed), "{code}");
        }
    }
}

/// Only the hash of rawData and the key signs it, in either case of letters.
fn signed(raw_data: &str) {
    let digest = Sha1::new().chain_update(raw_data).chain_update(SESSION_KEY).finalize();
    let signature: String = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    assert!(crypto::is_signed(&key(), raw_data, &signature));
    assert!(!crypto::is_signed(&key(), raw_data, &signature[..38]));
    assert!(!crypto::is_signed(&key(), raw_data, raw_data));
}

fn key() -> SecretString {
    SESSION_KEY.to_owned().into()
}

fn cipher() -> cbc::Encryptor<Aes128> {
    let key = STANDARD.decode(key().expose_secret()).expect("it is base64");
    let iv = STANDARD.decode(IV).expect("it is base64");
    cbc::Encryptor::new_from_slices(&key, &iv).expect("16 bytes and 16")
}
