//! libFuzzer's entry point of the target `time_layout`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| regate_fuzz::time_layout(data));
