//! POST /decrypt, as a Lambda.

fn main() -> Result<(), shared::lambda::Error> {
    shared::lambda::run::<decrypt::Function>()
}
