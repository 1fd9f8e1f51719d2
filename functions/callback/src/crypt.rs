//! The cipher and the signatures of WeChat's callbacks.
//!
//! Key: base64 of the EncodingAESKey, 32 bytes. AES-256-CBC, iv = the key's first half, PKCS#7 with a
//! block of 32. Plain text: 16 random bytes, the message's length (4 bytes, big endian), the message,
//! the appid.

use aes::Aes256;
use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use secrecy::{ExposeSecret, SecretString};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

/// Tolerates what real EncodingAESKeys have: 43 characters are 258 bits, and the last two may be set.
const KEY_BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What stands before the message: random bytes and its length.
const HEADER: usize = 20;

/// The block that the padding fills up; not AES's own.
const PADDED_TO: usize = 32;

/// The account's key.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// Reads an EncodingAESKey; `None` when it is none.
    pub fn parse(encoding_aes_key: &SecretString) -> Option<Self> {
        let key = KEY_BASE64.decode(encoding_aes_key.expose_secret().trim()).ok()?;
        Some(Self(key.try_into().ok()?))
    }

    /// Opens an `Encrypt`; `None` whatever is wrong with it, the appid at its end included.
    pub fn open(&self, encrypt: &str, appid: &str) -> Option<Vec<u8>> {
        let sealed = STANDARD.decode(encrypt.trim()).ok()?;
        let opener = cbc::Decryptor::<Aes256>::new_from_slices(&self.0, &self.0[..16]).ok()?;
        let plain = opener.decrypt_padded_vec::<NoPadding>(&sealed).ok()?;
        let plain = unpad(&plain)?;
        let length = plain.get(16..HEADER)?.try_into().map(u32::from_be_bytes).ok()?;
        let end = HEADER.checked_add(usize::try_from(length).ok()?)?;
        let (message, tail) = (plain.get(HEADER..end)?, plain.get(end..)?);
        (tail == appid.as_bytes()).then(|| message.to_vec())
    }
}

/// Takes off 1 to 32 bytes of padding, each of which says how many there are.
fn unpad(plain: &[u8]) -> Option<&[u8]> {
    let count = usize::from(*plain.last()?);
    let (rest, padding) = plain.split_at_checked(plain.len().checked_sub(count)?)?;
    let is_padding =
        (1..=PADDED_TO).contains(&count) && padding.iter().all(|byte| usize::from(*byte) == count);
    is_padding.then_some(rest)
}

/// Whether that is WeChat's signature over these parts.
pub fn is_signature(given: &str, token: &SecretString, parts: &[&str]) -> bool {
    signature(token, parts).as_bytes().ct_eq(given.as_bytes()).into()
}

/// hex(sha1(the parts and the token, sorted by bytes and joined)).
pub fn signature(token: &SecretString, parts: &[&str]) -> String {
    let mut parts: Vec<_> = parts.iter().copied().chain([token.expose_secret()]).collect();
    parts.sort_unstable();
    let digest = Sha1::digest(parts.concat());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use cbc::cipher::BlockModeEncrypt;
    use proptest::prelude::*;

    fn secret(text: &str) -> SecretString {
        text.to_owned().into()
    }

    fn key(text: &str) -> Key {
        Key::parse(&secret(text)).expect("a key")
    }

    /// As WeChat seals, and as a reply would have to be sealed.
    pub(crate) fn seal(key: &Key, random: &[u8; 16], message: &str, appid: &str) -> String {
        let length = u32::try_from(message.len()).expect("short").to_be_bytes();
        let mut plain = [random, length.as_slice(), message.as_bytes(), appid.as_bytes()].concat();
        let padding = PADDED_TO - plain.len() % PADDED_TO;
        plain.extend(std::iter::repeat_n(u8::try_from(padding).expect("small"), padding));
        let sealer = cbc::Encryptor::<Aes256>::new_from_slices(&key.0, &key.0[..16]).expect("sizes");
        STANDARD.encode(sealer.encrypt_padded_vec::<NoPadding>(&plain))
    }

    struct Vector {
        token: &'static str,
        key: &'static str,
        appid: &'static str,
        timestamp: &'static str,
        nonce: &'static str,
        msg_signature: &'static str,
        encrypt: &'static str,
        holds: &'static str,
    }

    const DOCUMENTED_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const EASYWECHAT_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

    fn vectors() -> Vec<Vector> {
        include!("vectors.rs")
    }

    #[test]
    fn the_official_vectors_verify_and_open() {
        for vector in vectors() {
            let parts = [vector.timestamp, vector.nonce, vector.encrypt];
            assert!(is_signature(vector.msg_signature, &secret(vector.token), &parts), "{}", vector.nonce);
            let opened = key(vector.key).open(vector.encrypt, vector.appid).expect(vector.nonce);
            let opened = String::from_utf8(opened).expect("text");
            assert!(opened.contains(vector.holds), "{opened}");
            assert_eq!(key(vector.key).open(vector.encrypt, "wx0000000000000000"), None);
        }
    }

    #[test]
    fn replies_seal_to_the_published_bytes() {
        let key = key(DOCUMENTED_KEY);
        let json = seal(&key, b"707722b803182950", r#"{"demo_resp":"good luck"}"#, "wxba5fad812f8e6fb9");
        assert_eq!(
            json,
            "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
        );
        let parts = ["1713424427", "415670741", json.as_str()];
        assert!(is_signature("1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1", &secret("AAAAA"), &parts));
        let xml = "<xml><demo_resp>[CDATA[good luck]]</demo_resp></xml>";
        let xml = seal(&key, b"999951349e8ee746", xml, "wx134c8103faa5a59e");
        assert_eq!(
            xml,
            "hE8R6mGXHkJJjU72KxzKUd1GEkKJaEZq7vRL8XgK3o+00k8JGq6+pZJUIlTSyhsX+bxIBQ72g3GyvDdIZcr6+3HAZbSvPT9t/o11MI7d6WELwqrGd7jMnV0zv3Zc9Nq7"
        );
    }

    #[test]
    fn the_url_verification_vector_verifies() {
        let (signature, parts) = ("f464b24fc39322e44b38aa78f5edd27bd1441696", ["1714036504", "1514711492"]);
        assert!(is_signature(signature, &secret("AAAAA"), &parts));
        assert!(!is_signature(signature, &secret("AAAAB"), &parts));
        assert!(!is_signature("", &secret("AAAAA"), &parts));
    }

    #[test]
    fn padding_of_every_length_is_taken_off_and_nothing_else() {
        for length in 0..70 {
            let message = "x".repeat(length);
            let sealed = seal(&key(EASYWECHAT_KEY), b"0123456789abcdef", &message, "wxb11529c136998cb6");
            let opened = key(EASYWECHAT_KEY).open(&sealed, "wxb11529c136998cb6");
            assert_eq!(opened, Some(message.into_bytes()));
        }
        assert_eq!(unpad(&[]), None);
        assert_eq!(unpad(&[0]), None);
        assert_eq!(unpad(&[33; 40]), None);
        assert_eq!(unpad(&[1, 3, 2, 3]), None);
    }

    proptest! {
        #[test]
        fn no_input_panics(sealed in prop::collection::vec(any::<u8>(), 0..200), text in ".{0,80}") {
            let key = key(EASYWECHAT_KEY);
            let _ = key.open(&STANDARD.encode(sealed), "wx");
            let _ = key.open(&text, &text);
            let _ = Key::parse(&text.into());
        }
    }
}
