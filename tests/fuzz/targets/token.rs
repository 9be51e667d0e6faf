//! Answers of a token endpoint, and to a revocation.
#![no_main]

use authmd_tui::flow::wire::Step;
use promises::Answer;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some(answer) = Answer::read(data, &[Step::Exchange, Step::Refresh, Step::Revoke]) {
        answer.keeps_its_promises();
    }
});
