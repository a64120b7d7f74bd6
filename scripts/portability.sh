#!/usr/bin/env bash
# Checks what this machine does not run: the library on the oldest compiler that it promises, and in a browser. Needs rustup.
set -euo pipefail
cd "$(dirname "$0")/.."

oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml | head -1)
rustup toolchain install "$oldest" --profile minimal
rustup target add wasm32-unknown-unknown
# In folders of their own: another compiler would make the usual one compile everything again.
CARGO_TARGET_DIR=target/oldest cargo "+$oldest" check -p nonlin --lib
CARGO_TARGET_DIR=target/browser RUSTFLAGS="-D warnings" cargo check -p nonlin --lib --target wasm32-unknown-unknown
