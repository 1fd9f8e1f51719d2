//! POST /login, as a Lambda.

fn main() -> Result<(), shared::lambda::Error> {
    shared::lambda::run::<login::Function>()
}
