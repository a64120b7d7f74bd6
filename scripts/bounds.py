#!/usr/bin/env python3
"""Writes the measured bounds on errors into src/activation/*.rs.

    nonlin check --exhaustive --engine cpu,gpu --adapter llvmpipe --json exhaustive.jsonl
    nonlin check --adapter all --json sampled.jsonl
    scripts/bounds.py exhaustive.jsonl sampled.jsonl

Each file holds lines of `nonlin check --json`. Every function and derivative has to be there over all 2^32 inputs, on any
engine; the bound is the largest error of all lines, rounded up. --partial leaves alone what is not there; --dry-run writes nothing.
"""
import argparse
import json
import math
import pathlib
import re
import sys

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "src" / "activation"
FIELDS = {"forward": "forward_error", "derivative": "derivative_error"}
ALL_INPUTS = 1 << 32
CONTRACT = 4
OURS = re.compile(r"^ +(forward_error|derivative_error): .*,\n", re.MULTILINE)
END = re.compile(r"^( +)\.\.Metadata::EMPTY\n", re.MULTILINE)


def read(paths):
    """The lines by function and direction. Numbers stay text: they are the shortest that read back to the same f32."""
    found = {}
    for path in paths:
        for line in pathlib.Path(path).read_text().splitlines():
            record = json.loads(line, parse_float=str)
            if record["engine"] == "naive" or record["direction"] not in FIELDS:
                continue
            name = record.get("id") or record["op"].split("(")[0]
            found.setdefault((name, record["direction"]), []).append(record)
    return found


def bound(records):
    """The Rust expression for the largest error of all; among equals the standard parameters, then all inputs, come first."""
    def rank(record):
        standard = record.get("parameter_sets") is None
        return math.ceil(float(record["max_ulp"])), standard, record["inputs"]

    worst = max(records, key=rank)
    ulp, standard, _ = rank(worst)
    if ulp == 0:
        return ulp, "Metadata::error(0, 0.0)"
    at = str(worst["max_ulp_at"])
    at = at if re.search("[.e]", at) else at + ".0"
    if standard:
        return ulp, f"Metadata::error({ulp}, {at})"
    return ulp, f'Metadata::error_with("{worst["op"]}", {ulp}, {at})'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--partial", action="store_true")
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()
    found = read(options.files)
    complaints = []
    texts = {}
    for path in sorted(FOLDER.glob("*.rs")):
        text = path.read_text()
        name = re.search(r'^ +id: "(\w+)",$', text, re.MULTILINE)
        if not name or not END.search(text):
            continue
        name = name[1]
        bounds = {}
        for direction, field in FIELDS.items():
            records = found.get((name, direction), [])
            if not any(record["inputs"] == ALL_INPUTS for record in records):
                complaints.append(f"{name} {direction}: no line over all inputs")
                continue
            if any(record["nan_mistakes"] or record["infinity_mistakes"] for record in records):
                complaints.append(f"{name} {direction}: wrong NaN or infinities")
            ulp, bounds[field] = bound(records)
            if ulp > CONTRACT:
                complaints.append(f"{name} {direction}: {ulp} ULP, {CONTRACT} are allowed")
        kept = {line[1]: line[0] for line in OURS.finditer(text)}
        indent = END.search(text)[1]
        lines = [
            f"{indent}{field}: {bounds[field]},\n" if field in bounds else kept.get(field, "")
            for field in FIELDS.values()
        ]
        text = OURS.sub("", text)
        end = END.search(text).start()
        texts[path] = text[:end] + "".join(lines) + text[end:]
    unwritten = [c for c in complaints if not (options.partial and c.endswith("all inputs"))]
    for complaint in complaints:
        print(f"bounds: {complaint}", file=sys.stderr)
    if unwritten:
        sys.exit("bounds: nothing was written")
    changed = [path for path, text in texts.items() if text != path.read_text()]
    for path in changed:
        print(path.name)
        if not options.dry_run:
            path.write_text(texts[path])
    print(f"{len(changed)} of {len(texts)} files changed")


if __name__ == "__main__":
    main()
