//! POST /forget and its worker, as a Lambda.

fn main() -> Result<(), shared::lambda::Error> {
    shared::lambda::run::<forget::Function>()
}
