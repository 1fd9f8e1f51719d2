//! What is computed for a request or a message once it is there, a piece at a time and without a network: for a clock
//! (`cargo bench -p pieces`, `bench pieces`), and for a count of instructions, which no other load of the machine
//! changes (`.ci/instructions`).

mod call;
mod callback;
mod card;
mod sealed_data;

/// A piece of work.
pub struct Piece {
    /// What it is called.
    pub name: &'static str,
    /// Makes what it works on, and gives what does it once.
    pub prepare: fn() -> Box<dyn Fn()>,
}

/// All of them.
pub const PIECES: [Piece; 5] = [
    Piece { name: "decrypt", prepare: sealed_data::open },
    Piece { name: "decrypt-floor", prepare: sealed_data::decode_and_decipher },
    Piece { name: "callback", prepare: callback::read },
    Piece { name: "call", prepare: call::read },
    Piece { name: "card", prepare: card::render },
];

/// The piece of this name.
pub fn find(name: &str) -> Option<&'static Piece> {
    const ALL: &[Piece] = &PIECES;
    ALL.iter().find(|piece| piece.name == name)
}
