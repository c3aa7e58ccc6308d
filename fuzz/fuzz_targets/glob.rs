//! libFuzzer's entry point of the target `glob`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| regate_fuzz::glob(data));
