//! libFuzzer's entry point of the target `bundle_signatures`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| regate_fuzz::bundle_signatures(data));
