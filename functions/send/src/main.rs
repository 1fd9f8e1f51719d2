//! POST /send, GET /send/{id} and its replay, as a Lambda.

fn main() -> Result<(), shared::lambda::Error> {
    shared::lambda::run::<send::Function>()
}
