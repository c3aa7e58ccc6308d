//! libFuzzer's entry point of the target `rest`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| regate_fuzz::rest(data));
