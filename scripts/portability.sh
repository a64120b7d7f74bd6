#!/usr/bin/env bash
# Checks what this machine does not run: library and program on the oldest compilers that they promise, and the library for a browser and for
# other systems, without warnings. Needs rustup.
set -euo pipefail
cd "$(dirname "$0")/.."

targets=(wasm32-unknown-unknown aarch64-unknown-linux-gnu aarch64-apple-darwin x86_64-pc-windows-msvc)

# In folders of their own: another compiler would make the usual one compile everything again.
check_with_oldest() {
    local manifest=$1 package=$2 oldest
    oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$manifest" | head -1)
    rustup toolchain install "$oldest" --profile minimal
    CARGO_TARGET_DIR=target/oldest cargo "+$oldest" check -p "$package"
}
check_with_oldest Cargo.toml nonlin
check_with_oldest cli/Cargo.toml nonlin-cli
rustup target add "${targets[@]}"
for target in "${targets[@]}"; do
    CARGO_TARGET_DIR=target/others RUSTFLAGS="-D warnings" cargo check -p nonlin --lib --target "$target"
done
