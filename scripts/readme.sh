#!/usr/bin/env bash
# Writes the catalogue's table into README.md, between its markers.
set -euo pipefail
cd "$(dirname "$0")/.."

table=$(mktemp)
trap 'rm -f "$table" "$table.readme"' EXIT
cargo run -q -- catalog --markdown >"$table"
awk -v table="$table" '
    /<!-- catalog:end -->/ { inside = 0 }
    !inside { print }
    /<!-- catalog:begin -->/ { inside = 1; while ((getline line < table) > 0) print line }
' README.md >"$table.readme"
cat "$table.readme" >README.md
