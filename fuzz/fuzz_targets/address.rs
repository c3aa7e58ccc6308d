//! libFuzzer's entry point of the target `address`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| regate_fuzz::address(data));
