#!/usr/bin/env bash
# Runs the tests that want a certified OAuth server: installs it below `target` by its lock file, and the tests start it.
# Needs node and npm (Debian: apt-get install nodejs npm).
set -euo pipefail
cd "$(dirname "$0")/../.."

place=target/real/oauth-server
mkdir -p "$place"
cp tests/real/oauth-server/{package.json,package-lock.json,server.mjs} "$place"
npm ci --prefix "$place" --ignore-scripts --no-audit --no-fund --loglevel=error
export REAL_OAUTH_SERVER=$PWD/$place/server.mjs

# A name that fits no test is a mistake, not a success.
cargo test --locked --test it -- --ignored real::oauth | tee "$place/log"
grep -q '^test result: ok. [1-9]' "$place/log"
