//! libFuzzer's entry point of the target `regex`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| regate_fuzz::regex(data));
