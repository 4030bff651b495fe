#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ferrogate_vtl::fuzzing::vtl(data));
