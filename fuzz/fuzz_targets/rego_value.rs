//! libFuzzer's entry point of the target `rego_value`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| regate_fuzz::rego_value(data));
