#!/usr/bin/env bash
# Draws the README's pictures; arguments, such as --engine cpu, go to `nonlin plot`. Every engine within its bounds draws the same.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo run -q -- plot --out docs/pictures/chapter.svg "$@"
cargo run -q -- plot --ops all --title "The catalogue: functions (solid) and their derivatives (dashed)" --out docs/pictures/catalogue.svg "$@"
