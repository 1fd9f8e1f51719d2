//! GET /doctor, as a Lambda.

fn main() -> Result<(), shared::lambda::Error> {
    shared::lambda::run::<doctor::Function>()
}
