//! POST /sync, GET /sync and the sync schedule, as a Lambda.

fn main() -> Result<(), shared::lambda::Error> {
    shared::lambda::run::<sync::Function>()
}
