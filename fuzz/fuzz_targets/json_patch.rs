//! libFuzzer's entry point of the target `json_patch`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| regate_fuzz::json_patch(data));
