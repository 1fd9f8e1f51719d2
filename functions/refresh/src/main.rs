//! The token schedule and the refresh queue, as a Lambda.

fn main() -> Result<(), shared::lambda::Error> {
    shared::lambda::run::<refresh::Function>()
}
