//! libFuzzer's entry point of the target `path_query`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| regate_fuzz::path_query(data));
