//! libFuzzer's entry point of the target `bundle_delta`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| regate_fuzz::bundle_delta(data));
