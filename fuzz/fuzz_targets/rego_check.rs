//! libFuzzer's entry point of the target `rego_check`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| regate_fuzz::rego_check(data));
