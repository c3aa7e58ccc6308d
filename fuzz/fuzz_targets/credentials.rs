//! libFuzzer's entry point of the target `credentials`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| regate_fuzz::credentials(data));
