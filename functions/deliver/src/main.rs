//! The delivery queue's worker, as a Lambda.

fn main() -> Result<(), shared::lambda::Error> {
    shared::lambda::run::<deliver::Function>()
}
