//! What an error came from, for the log and for whoever sits at a terminal.

/// What an error came from: each cause's own words, the last one last.
pub fn of(error: &dyn std::error::Error) -> Option<String> {
    let causes = std::iter::successors(error.source(), |error| error.source());
    let causes: Vec<_> = causes.map(ToString::to_string).collect();
    if causes.is_empty() { None } else { Some(causes.join(": ")) }
}
