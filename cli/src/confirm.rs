//! Whether a person at the terminal says yes.

use std::io::{BufRead, IsTerminal};

use crate::note;

/// Whether somebody can be asked, and sees what.
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks; anything but a yes is a no.
pub fn asks(question: &str) -> std::io::Result<bool> {
    note(question);
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "是"))
}
