//! libFuzzer's entry point of the target `encoding`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| regate_fuzz::encoding(data));
