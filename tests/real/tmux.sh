#!/usr/bin/env bash
# Runs the tests that want tmux around the program, each with a server of its own.
set -euo pipefail
cd "$(dirname "$0")/../.."
# A name that fits no test is a mistake, not a success.
cargo test --locked --test it -- --ignored real::tmux | tee target/real-tmux.log
grep -q '^test result: ok. [1-9]' target/real-tmux.log
