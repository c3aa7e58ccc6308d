//! libFuzzer's entry point of the target `graphql`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| regate_fuzz::graphql(data));
