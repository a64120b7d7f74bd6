#!/usr/bin/env python3
"""Writes src/math/tables.rs: piecewise polynomials for instruction sets that look a number up among 32 or among 8 in one instruction.

Of 32 pieces each is a polynomial in s = t - i·step, which is exact, for |s| <= step / 2, by interpolation at Chebyshev's nodes with 50 digits.

Eight pieces are wider, so each is a polynomial in the distance from its end, where the function is smallest: towards that end the terms of a falling
exponential would cancel. Where the pieces end follows from (slope·t + offset)², whose integer part is the place in the table; of a few offsets the
best is taken. Coefficients are those of the smallest largest error (Remez), and once one is rounded the others are determined again.

The error beside each table is the largest of any piece, relative to the function, with the coefficients as they are rounded.

Needs the package mpmath; `scripts/tables.py > src/math/tables.rs`.
"""

import struct

import mpmath as mp

mp.mp.dps = 50
PIECES = 32
FEW = 8


def as_f32(value):
    return struct.unpack("<f", struct.pack("<f", float(value)))[0]


def word_of(value):
    return struct.unpack("<I", struct.pack("<f", float(value)))[0]


def bits(value):
    word = word_of(value)
    return f"0x{word >> 16:04x}_{word & 0xffff:04x}"


def next_f32(value):
    """The f32 after the nearest one to a positive number."""
    return mp.mpf(struct.unpack("<f", struct.pack("<I", word_of(value) + 1))[0])


def piece(f, centre, half, terms):
    """The coefficients around a centre, and the largest relative error at many points."""
    nodes = [half * mp.cos(mp.pi * (2 * k + 1) / (2 * terms)) for k in range(terms)]
    matrix = mp.matrix(terms, terms)
    for row, s in enumerate(nodes):
        for column in range(terms):
            matrix[row, column] = s**column
    solved = mp.lu_solve(matrix, mp.matrix([f(centre + s) for s in nodes]))
    # A coefficient that only rounding keeps from being zero may be subnormal, which takes a processor a hundred times as long.
    rounded = [as_f32(c) if abs(c) > 1e-30 else 0.0 for c in solved]
    # The first one's rounding is one of the result's and not the polynomial's.
    exact = [solved[0]] + [mp.mpf(c) for c in rounded[1:]]
    error = 0
    for k in range(41):
        s = half * (k - 20) / 20
        value = sum(c * s**i for i, c in enumerate(exact))
        error = max(error, abs(value / f(centre + s) - 1))
    return rounded, error


def table(name, what, f, step, terms):
    pieces = [piece(f, i * mp.mpf(step), mp.mpf(step) / 2, terms) for i in range(PIECES)]
    error = max(error for _, error in pieces)
    print(f"\n/// {what} for `0 <= t < {(PIECES - 0.5) * step}`. Error 2^{float(mp.log(error, 2)):.1f}.")
    print(f"pub(crate) static {name}: Table<{terms}> = Table {{")
    print(f"    step: {step},")
    print("    coefficients: [")
    for term in range(terms):
        print("        Row([")
        for c, _ in pieces:
            print(f"            f32::from_bits({bits(c[term])}),")
        print("        ]),")
    print("    ],\n};")


def best_terms(points, values, end, known, terms):
    """The coefficients of the powers of `end - t`, from the number of known ones on, for which the largest error relative to f at the points is smallest."""
    first = len(known)
    free = terms - first
    columns = [[(end - t) ** j / v for j in range(first, terms)] for t, v in zip(points, values)]
    wanted = [1 - sum(c * (end - t) ** i for i, c in enumerate(known)) / v for t, v in zip(points, values)]
    last = len(points) - 1
    chosen = [round(last * (1 - mp.cos(mp.pi * i / free)) / 2) for i in range(free + 1)]
    best = None
    for _ in range(12):
        rows = [columns[k] + [mp.mpf((-1) ** i)] for i, k in enumerate(chosen)]
        solved = mp.lu_solve(mp.matrix(rows), mp.matrix([wanted[k] for k in chosen]))[:free]
        error = [w - sum(a * b for a, b in zip(row, solved)) for w, row in zip(wanted, columns)]
        largest = max(abs(e) for e in error)
        if best is None or largest < best[0]:
            best = largest, list(solved)
        # The largest error of each run of one sign.
        peaks = []
        for k, e in enumerate(error):
            if peaks and (e > 0) == (error[peaks[-1]] > 0):
                if abs(e) > abs(error[peaks[-1]]):
                    peaks[-1] = k
            else:
                peaks.append(k)
        while len(peaks) > free + 1:
            del peaks[0 if abs(error[peaks[0]]) < abs(error[peaks[-1]]) else -1]
        if len(peaks) < free + 1 or peaks == chosen:
            break
        chosen = peaks
    # Where there are more peaks than points the exchange may go in circles.
    return best[1]


def piece_from_end(f, start, end_of_piece, terms):
    """Where the polynomial's variable is 0, its coefficients, and the largest relative error."""
    # At or a little beyond the piece's end; a multiple of 2^-10, so that differences to it are exact, where the function is nearly an f32.
    first = mp.ceil(end_of_piece * 1024)
    end = min(((first + j) / 1024 for j in range(24)), key=lambda t: abs(as_f32(f(t)) / f(t) - 1))
    points = [start + (end_of_piece - start) * (1 - mp.cos(mp.pi * k / 120)) / 2 for k in range(121)]
    values = [f(t) for t in points]
    known = []
    while len(known) < terms:
        known.append(mp.mpf(as_f32(best_terms(points, values, end, known, terms)[0])))
    return end, known, max(abs(sum(c * (end - t) ** i for i, c in enumerate(known)) / v - 1) for t, v in zip(points, values))


def eight_pieces(f, limit, below, terms):
    """For an offset whose square is little more than `below + 1/2`, which is rounded up: slope, offset, pieces by their places, the largest error."""
    offset = next_f32(mp.sqrt(below + mp.mpf(0.5)))
    # Little less than would be enough, so that no rounding takes the last numbers below the limit out of the last piece.
    slope = mp.mpf(as_f32((1 - mp.mpf(2) ** -17) * (mp.sqrt(below + FEW + mp.mpf(0.5)) - offset) / limit))
    ends = [max((mp.sqrt(below + i + mp.mpf(0.5)) - offset) / slope, mp.mpf(0)) for i in range(FEW + 1)]
    pieces = [piece_from_end(f, a, b, terms) for a, b in zip(ends, ends[1:])]
    # The first piece is the one of below + 1, in the table's places modulo 8.
    at = [(i - below - 1) % FEW for i in range(FEW)]
    return slope, offset, [pieces[i] for i in at], max(error for *_, error in pieces)


def table_of_eight(name, what, f, limit, below, terms):
    slope, offset, pieces, error = eight_pieces(f, mp.mpf(limit), below, terms)
    print(f"\n/// {what} for `0 <= t < {limit}`. Error 2^{float(mp.log(error, 2)):.1f}.")
    print(f"pub(crate) static {name}: EightPieces<{terms}> = EightPieces {{")
    print(f"    limit: {float(limit)},")
    print(f"    slope: f32::from_bits({bits(slope)}),")
    print(f"    offset: f32::from_bits({bits(offset)}),")

    def row(numbers, indent):
        print("Eight([")
        for number in numbers:
            print(f"{indent}    f32::from_bits({bits(number)}),")
        print(f"{indent}]),")

    print("    ends: ", end="")
    row((end for end, *_ in pieces), "    ")
    print("    coefficients: [")
    for term in range(terms):
        print("        ", end="")
        row((c[term] for _, c, _ in pieces), "        ")
    print("    ],\n};")


print("//! The tables of [`piecewise`](super::piecewise). Made by scripts/tables.py.\n")
print("use super::piecewise::{Eight, EightPieces, Row, Table};")
table("NORMAL_TAIL", "The tail of the normal distribution, `Φ(-t)`,", lambda t: mp.erfc(t / mp.sqrt(2)) / 2, 0.1875, 8)
table("LOGISTIC_TAIL", "`σ(-t) = 1 / (1 + eᵗ)`", lambda t: 1 / (1 + mp.exp(t)), 0.5, 6)
table("TANH_RATIO", "`tanh(t) / t`", lambda t: mp.tanh(t) / t if t else mp.mpf(1), 0.25, 6)


def gelu_tanh_argument(x):
    return mp.sqrt(8 / mp.pi) * (x + mp.mpf("0.044715") * x**3)


def gelu_tanh_derivative(x):
    """σ(u) + x·u'·σ(u)·σ(-u)."""
    u = gelu_tanh_argument(x)
    slope = mp.sqrt(8 / mp.pi) * (1 + 3 * mp.mpf("0.044715") * x**2)
    return 1 / (1 + mp.exp(-u)) + x * slope / (2 + mp.exp(u) + mp.exp(-u))


def silu_derivative(x):
    """σ(x)·(1 + x·σ(-x))."""
    return (1 + x / (1 + mp.exp(x))) / (1 + mp.exp(-x))


def beyond_root(f, near):
    """f(-t) divided by what t is beyond the root of f that lies near."""
    root = mp.findroot(f, mp.mpf(near))

    def ratio(t):
        d = t + root
        return -mp.diff(f, root) if abs(d) < mp.mpf("1e-20") else f(-t) / d

    return ratio


LEFT = "The derivative of {} at -t, divided by what t is beyond the root,"
gelu_tanh_ratio = beyond_root(gelu_tanh_derivative, "-0.752461422")
silu_ratio = beyond_root(silu_derivative, "-1.2784645")
table("GELU_TANH_LEFT", LEFT.format("gelu_tanh"), gelu_tanh_ratio, 0.1875, 8)
table("GELU_TANH_TAIL", "`σ(-u)`, u the argument of gelu_tanh at t,", lambda t: 1 / (1 + mp.exp(gelu_tanh_argument(t))), 0.15625, 7)
table("SILU_LEFT", LEFT.format("silu"), silu_ratio, 0.5, 7)


def gelu_derivative(x):
    """Φ(x) + x·φ(x)."""
    return mp.erfc(-x / mp.sqrt(2)) / 2 + x * mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def gelu_quick_derivative(x):
    return silu_derivative(mp.mpf("1.702") * x)


gelu_ratio = beyond_root(gelu_derivative, "-0.7517915")
gelu_quick_ratio = beyond_root(gelu_quick_derivative, "-0.75115423")
table("GELU_LEFT", LEFT.format("gelu"), gelu_ratio, 0.1875, 8)
table("GELU_QUICK_LEFT", LEFT.format("gelu_quick"), gelu_quick_ratio, 0.28125, 7)
table_of_eight("NORMAL_TAIL_OF_EIGHT", "The tail of the normal distribution, `Φ(-t)`,", lambda t: mp.erfc(t / mp.sqrt(2)) / 2, 6.5, 0, 10)
table_of_eight("GELU_LEFT_OF_EIGHT", LEFT.format("gelu"), gelu_ratio, 6.375, 0, 10)
table_of_eight("GELU_TANH_LEFT_OF_EIGHT", LEFT.format("gelu_tanh"), gelu_tanh_ratio, 5.75, 0, 10)
table_of_eight("GELU_QUICK_LEFT_OF_EIGHT", LEFT.format("gelu_quick"), gelu_quick_ratio, 7, 60, 9)
table_of_eight("SILU_LEFT_OF_EIGHT", LEFT.format("silu"), silu_ratio, 11, 60, 9)
