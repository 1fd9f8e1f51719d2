//! What a verb came to, and the program's exit code:
//!
//! | code | what it says |
//! |---|---|
//! | 0 | done |
//! | 1 | it could not be done, or a check of `doctor` is not ok |
//! | 2 | wrong command line |
//! | 3 | done in part: some were rejected, failed, left out or are still on their way |
//! | 4 | not known whether it was done: no answer came; the output says how to find out |

use std::process::ExitCode;

use contract::Code;

use crate::Failure;
use crate::api::ApiError;

/// How far a verb came that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of it.
    Done,
    /// Some of it, and the rest was told.
    InPart,
}

/// A call that changes something was not answered, and may have been carried out.
#[derive(Debug, thiserror::Error)]
#[error("{why}\n{how}")]
pub struct Unknown {
    /// Why there is no answer.
    why: String,
    /// How to find out what became of it, or why it may be done again.
    how: String,
}

impl Outcome {
    /// Done, unless something is left.
    pub fn of(is_done: bool) -> Self {
        if is_done { Self::Done } else { Self::InPart }
    }
}

impl Unknown {
    /// A call that may have been carried out, and how to find out.
    pub fn of(error: &ApiError, how: String) -> Failure {
        Self { why: crate::with_causes(error), how }.into()
    }

    /// A write whose answer is missing, where it is known how to find out.
    pub fn because(error: &shared::Error, how: &str) -> Failure {
        match error.code() {
            Code::Unavailable => Self { why: crate::with_causes(error), how: how.to_owned() }.into(),
            _ => crate::with_causes(error).into(),
        }
    }

    /// Why a call that changes something failed: where it may have been carried out all the same, `how` to find out is
    /// told with it.
    pub fn unless_refused(error: ApiError, how: impl FnOnce() -> String) -> Failure {
        match error.leaves_open() {
            true => Self::of(&error, how()),
            false => error.into(),
        }
    }
}

/// The code that the program exits with.
pub fn exit_code(outcome: &Result<Outcome, Failure>) -> ExitCode {
    ExitCode::from(match outcome {
        Ok(Outcome::Done) => 0,
        Err(error) if error.is::<Unknown>() => 4,
        Err(_) => 1,
        Ok(Outcome::InPart) => 3,
    })
}
