//! A WeChat that pushes: what it seals and signs, whatever that is.

use std::collections::HashMap;

use aes::Aes256;
use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use callback::crypt::{self, Key};
use callback::verify::Verifier;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use lambda_http::{Body, Request, RequestExt};
use secrecy::SecretString;
use shared::config::CallbackMode;
use shared::event::Event;
use shared::{Account, Clock};

/// The account's, as in a published vector: with them it can be a seed.
pub const APPID: &str = "wxb11529c136998cb6";
const AES_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
const TOKEN: &str = "pamtest";
/// One that it may send with a push.
pub const NONCE: &str = "n0nce";

/// The block that the padding fills up.
const BLOCK: usize = 32;

/// 43 characters are 258 bits, and the last two may be set.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// Who checks what it pushes.
pub fn verifier(mode: CallbackMode) -> Verifier {
    verifier_of(Account::Oa, mode)
}

/// The same for either account: what it pushes is for both.
pub fn verifier_of(account: Account, mode: CallbackMode) -> Verifier {
    let key = Key::parse(&secret(AES_KEY)).expect("it is an EncodingAESKey");
    Verifier { token: secret(TOKEN), key, account, appid: APPID.to_owned(), mode, clock: Clock::default() }
}

/// A message in its envelope, as WeChat writes it.
pub fn sealed(message: &[u8]) -> String {
    let length = u32::try_from(message.len()).expect("an input is short").to_be_bytes();
    let mut plain = [b"0123456789abcdef", &length[..], message, APPID.as_bytes()].concat();
    let padding = BLOCK - plain.len() % BLOCK;
    plain.extend(std::iter::repeat_n(u8::try_from(padding).expect("at most a block"), padding));
    encrypted(&plain)
}

/// What its cipher makes of whole blocks.
pub fn encrypted(plain: &[u8]) -> String {
    let key = LENIENT.decode(format!("{AES_KEY}=")).expect("it is base64");
    let cipher = cbc::Encryptor::<Aes256>::new_from_slices(&key, &key[..16]).expect("32 bytes and 16");
    STANDARD.encode(cipher.encrypt_padded_vec::<NoPadding>(plain))
}

/// Its signature over these parts.
pub fn signature(parts: &[&str]) -> String {
    crypt::signature(&secret(TOKEN), parts)
}

/// A push with this query; as API Gateway hands it over, what is no UTF-8 is no text.
pub fn push<const N: usize>(query: [(&str, &str); N], body: &[u8]) -> Request {
    let query = query.map(|(name, value)| (name.to_owned(), vec![value.to_owned()]));
    Request::new(text_or_bytes(body)).with_query_string_parameters(HashMap::from(query))
}

/// A body as it stands in a function's event.
pub fn text_or_bytes(body: &[u8]) -> Body {
    match str::from_utf8(body) {
        Ok(text) => Body::Text(text.to_owned()),
        Err(_) => Body::Binary(body.to_owned()),
    }
}

/// What must hold of an event, whoever wrote it: it can wait on a queue, and names whom it is about.
pub fn assert_is_sound(event: &Event) {
    let waiting = serde_json::to_string(event).expect("an event is JSON");
    assert_eq!(&serde_json::from_str::<Event>(&waiting).expect("an event that waited"), event);
    let openid = match event {
        Event::Followed { openid, .. }
        | Event::Unfollowed { openid, .. }
        | Event::SubscriptionChanged { openid, .. } => Some(openid),
        Event::Receipt { openid, .. } => openid.as_ref(),
    };
    assert!(openid.is_none_or(|openid| !openid.is_empty() && openid.trim() == openid), "{event:?}");
}

fn secret(text: &str) -> SecretString {
    text.to_owned().into()
}
