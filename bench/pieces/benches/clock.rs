//! The pieces by the clock, for people: `cargo bench -p pieces`.

use pieces::PIECES;

fn main() {
    divan::main();
}

#[divan::bench(args = PIECES.map(|piece| piece.name))]
fn piece(bencher: divan::Bencher<'_, '_>, name: &str) {
    let piece = pieces::find(name).expect("its own name");
    bencher.bench_local((piece.prepare)());
}
