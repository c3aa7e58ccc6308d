//! libFuzzer's entry point of the target `http_request`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| regate_fuzz::http_request(data));
