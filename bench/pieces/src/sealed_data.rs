//! encryptedData of 400 bytes, as POST /decrypt gets it.

use std::cell::Cell;
use std::hint::black_box;

use aes::Aes128;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::{NoPadding, Pkcs7};
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use secrecy::SecretString;
use serde_json::{Value, json};
use shared::wechat::crypto;

const APPID: &str = "wx4f4bc4dec97d474b";
const KEY: [u8; 16] = *b"0123456789abcdef";
const IV: [u8; 16] = *b"fedcba9876543210";

/// With the padding, which takes a byte at least.
const SEALED: usize = 400;

/// So many different ones, by turns.
const BLOBS: usize = 256;

/// Base64, AES, JSON and the watermark, by `shared`.
pub fn open() -> Box<dyn Fn()> {
    let (key, iv): (SecretString, _) = (STANDARD.encode(KEY).into(), STANDARD.encode(IV));
    by_turns(move |blob| {
        black_box(crypto::open(&key, blob, &iv, APPID).expect("a blob that opens"));
    })
}

/// What none can do without: base64 and AES.
pub fn decode_and_decipher() -> Box<dyn Fn()> {
    by_turns(|blob| {
        let mut sealed = STANDARD.decode(blob).expect("base64");
        let opener = cbc::Decryptor::<Aes128>::new(&KEY.into(), &IV.into());
        black_box(opener.decrypt_padded::<NoPadding>(&mut sealed).expect("whole blocks"));
    })
}

fn by_turns(work: impl Fn(&str) + 'static) -> Box<dyn Fn()> {
    let (blobs, turn): (Vec<String>, _) = ((0..BLOBS).map(blob).collect(), Cell::new(0));
    Box::new(move || {
        work(&blobs[turn.get() % BLOBS]);
        turn.set(turn.get() + 1);
    })
}

/// What wx.getUserInfo seals of the n-th user.
fn blob(n: usize) -> String {
    let mut data = json!({
        "openId": format!("oGZUI0egBJY1zhBYw2KhdUfw{n:04}"),
        "nickName": "张三", "gender": 1, "language": "zh_CN", "city": "Guangzhou", "province": "Guangdong",
        "country": "CN", "avatarUrl": "", "unionId": format!("ocMvos6NjeKLIBqg5Mr9QjxrP{n:04}"),
        "watermark": { "timestamp": 1_477_314_187, "appid": APPID },
    });
    let missing = SEALED - 1 - data.to_string().len();
    data["avatarUrl"] = Value::String("h".repeat(missing));
    let cipher = cbc::Encryptor::<Aes128>::new(&KEY.into(), &IV.into());
    let sealed = cipher.encrypt_padded_vec::<Pkcs7>(data.to_string().as_bytes());
    assert_eq!(sealed.len(), SEALED);
    STANDARD.encode(sealed)
}
