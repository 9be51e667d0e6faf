#!/usr/bin/env bash
# Runs the tests that want a real SSH connection, beside a server of their own.
set -euo pipefail
cd "$(dirname "$0")/../.."

# A name that fits no test is a mistake, not a success.
tests() {
    cargo test --locked --test it -- --ignored real::ssh | tee target/real-ssh.log
    grep -q '^test result: ok. [1-9]' target/real-ssh.log
}
export -f tests
cargo test --locked --test it --no-run
tests/real/with-sshd.sh bash -c tests
