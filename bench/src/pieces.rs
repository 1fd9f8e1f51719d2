//! What is computed for a request once it is there, on one core and without a network.

use std::time::Instant;

use crate::figure::{Figure, Report};

/// How much of it.
#[derive(clap::Args)]
pub struct Size {
    /// How often each is done
    #[arg(long, default_value_t = 20_000)]
    times: u32,
}

/// Calls of a thousand recipients are fewer.
const OF_A_THOUSAND: u32 = 100;

/// Measures them.
pub fn measure(size: &Size, report: &mut Report) {
    let times = size.times;
    let floor = per_second("decrypt-floor", times);
    let opened = of("encryptedData of 400 bytes opened", per_second("decrypt", times));
    report.add(&opened.against("base64 and AES alone", floor));
    report.add(&of("an encrypted receipt verified, opened and read", per_second("callback", times)));
    report
        .add(&of("the body of POST /send to 1,000 read", per_second("call", times.div_ceil(OF_A_THOUSAND))));
    report.add(&of("a card rendered", per_second("card", times)));
}

fn of(what: &str, per_second: f64) -> Figure {
    Figure::of("pieces", what, per_second, "/s")
}

fn per_second(piece: &str, times: u32) -> f64 {
    let work = (pieces::find(piece).expect("its own name").prepare)();
    // Caches are warm and branches learnt, as in a process that has worked a while.
    (0..times.div_ceil(10)).for_each(|_| work());
    let started = Instant::now();
    (0..times).for_each(|_| work());
    f64::from(times) / started.elapsed().as_secs_f64()
}
