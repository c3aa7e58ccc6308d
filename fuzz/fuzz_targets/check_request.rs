//! libFuzzer's entry point of the target `check_request`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| regate_fuzz::check_request(data));
