//! Answers to a registration.
#![no_main]

use authmd_tui::flow::wire::Step;
use promises::Answer;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some(answer) = Answer::read(data, &[Step::Register, Step::Challenge]) {
        answer.keeps_its_promises();
    }
});
