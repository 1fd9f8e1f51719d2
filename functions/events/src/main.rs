//! The worker of the queue of WeChat's events, as a Lambda.

fn main() -> Result<(), shared::lambda::Error> {
    shared::lambda::run::<events::Function>()
}
