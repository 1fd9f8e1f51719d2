//! GET and POST /events, as a Lambda.

fn main() -> Result<(), shared::lambda::Error> {
    shared::lambda::run::<callback::Function>()
}
