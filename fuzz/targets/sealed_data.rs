//! `fuzz::sealed_data` under libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::sealed_data(data));
