//! WeChat on localhost: one Official Account, one mini-program, their users and their API.

mod api;
mod backend;
mod callbacks;
mod connections;
mod control;
mod faults;
mod log;
pub mod page;
mod push;
mod serve;
mod settings;
mod simulator;
mod state;
mod world;

pub use ::clock::Clock;
pub use callbacks::config::{
    CALLBACK_TOKEN, Callback, CallbackFormat, CallbackMode, ENCODING_AES_KEY, MINI_CALLBACK_TOKEN,
    MINI_ENCODING_AES_KEY,
};
pub use control::of_this_machine;
pub use settings::Settings;
pub use simulator::Simulator;
pub use world::accounts::{MINI_APPID, MINI_ORIGINAL_ID, MINI_SECRET, OA_APPID, OA_ORIGINAL_ID, OA_SECRET};
pub use world::templates::{
    SUBSCRIBE_SHIPPED_ID, SUBSCRIBE_TEMPLATE_ID, TEMPLATE_COPIED_ID, TEMPLATE_ID, TEMPLATE_SHIPPED_ID,
    TEMPLATE_TICKET_ID,
};
