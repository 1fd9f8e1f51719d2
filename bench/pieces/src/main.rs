//! Does a piece so many times and nothing else, for whoever counts instructions: `pieces NAME TIMES`; without a name,
//! names them.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        pieces::PIECES.iter().for_each(|piece| println!("{}", piece.name));
        return ExitCode::SUCCESS;
    };
    let times = arguments.next().and_then(|times| times.parse::<u32>().ok());
    let (Some(piece), Some(times)) = (pieces::find(&name), times) else {
        eprintln!("pieces: takes the name of a piece, which it tells without one, and a number");
        return ExitCode::FAILURE;
    };
    let work = (piece.prepare)();
    (0..times).for_each(|_| work());
    ExitCode::SUCCESS
}
