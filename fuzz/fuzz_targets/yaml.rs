//! libFuzzer's entry point of the target `yaml`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| regate_fuzz::yaml(data));
