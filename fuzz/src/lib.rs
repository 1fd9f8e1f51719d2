//! What is promised about bytes that others send, one function a target: it takes an input and panics where a
//! promise is broken.
//!
//! `tests/corpus.rs` replays the inputs of `corpus/` in the ordinary tests; `targets/` puts each function under
//! libFuzzer, which looks for new ones: see `.ci/full`.

mod answers;
mod callback_body;
mod callback_message;
mod catalog;
mod fields;
mod requests;
mod sealed_data;
pub mod wechat;

pub use answers::answers;
pub use callback_body::callback_body;
pub use callback_message::callback_message;
pub use catalog::catalog;
pub use fields::fields;
pub use requests::requests;
pub use sealed_data::sealed_data;

/// A function that panics where an input breaks a promise.
pub type Target = fn(&[u8]);

/// Every target, by the name of its file in `targets/` and of its folder in `corpus/`.
pub const TARGETS: [(&str, Target); 7] = [
    ("answers", answers),
    ("callback_body", callback_body),
    ("callback_message", callback_message),
    ("catalog", catalog),
    ("fields", fields),
    ("requests", requests),
    ("sealed_data", sealed_data),
];
