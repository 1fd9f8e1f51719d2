//! Queqiao in bad weather: seeded scenarios over the local stack, in small with the other tests, in
//! large by hand. Nothing may be lost, nothing may arrive twice, and no state may say what is not so.
//!
//! Time passes as it does in a test: what is only waited for is skipped. It is exact in a runtime of one
//! thread alone, where nobody is between two pieces of work when somebody looks.

mod client;
mod scenario;
mod verdict;
mod weather;

pub use scenario::{SCENARIOS, Scenario};
pub use verdict::Verdict;
