#!/usr/bin/env bash
# Runs the tests in which other programs read what this one writes: git, and parsers of calendars and of metrics.
set -euo pipefail
cd "$(dirname "$0")/../.."
# A name that fits no test is a mistake, not a success.
cargo test --locked --test it -- --ignored real::readers | tee target/real-readers.log
grep -q '^test result: ok. [1-9]' target/real-readers.log
