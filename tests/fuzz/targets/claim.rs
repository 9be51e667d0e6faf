//! Answers to a claim: opened, completed, looked at.
#![no_main]

use authmd_tui::flow::wire::Step;
use promises::Answer;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some(answer) = Answer::read(data, &[Step::Claim, Step::Complete, Step::Poll]) {
        answer.keeps_its_promises();
    }
});
