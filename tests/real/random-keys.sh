#!/usr/bin/env bash
# Presses random keys on the built program for a minute.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo test --locked --test it -- --ignored --nocapture real::keys | tee target/real-keys.log
grep -q '^test result: ok. [1-9]' target/real-keys.log
