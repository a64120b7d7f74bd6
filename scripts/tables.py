#!/usr/bin/env python3
"""Writes src/math/tables.rs: piecewise polynomials for instruction sets that look a table of 32 numbers up in one instruction.

Piece i is a polynomial in s = t - i·step, which is exact, for |s| <= step / 2, by interpolation at Chebyshev's nodes with 50 digits. The error
beside each table is the largest of any piece, relative to the function, with the coefficients as they are rounded.

Needs the package mpmath; `scripts/tables.py > src/math/tables.rs`.
"""

import struct

import mpmath as mp

mp.mp.dps = 50
PIECES = 32


def as_f32(value):
    return struct.unpack("<f", struct.pack("<f", float(value)))[0]


def bits(value):
    word = struct.unpack("<I", struct.pack("<f", value))[0]
    return f"0x{word >> 16:04x}_{word & 0xffff:04x}"


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


print("//! The tables of [`piecewise`](super::piecewise). Made by scripts/tables.py.\n")
print("use super::piecewise::{Row, Table};")
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


gelu_tanh_ratio = beyond_root(gelu_tanh_derivative, "-0.752461422")
silu_ratio = beyond_root(silu_derivative, "-1.2784645")
table("GELU_TANH_LEFT", "The derivative of gelu_tanh at -t, divided by what t is beyond the root,", gelu_tanh_ratio, 0.1875, 8)
table("GELU_TANH_TAIL", "`σ(-u)`, u the argument of gelu_tanh at t,", lambda t: 1 / (1 + mp.exp(gelu_tanh_argument(t))), 0.15625, 7)
table("SILU_LEFT", "The derivative of silu at -t, divided by what t is beyond the root,", silu_ratio, 0.5, 7)
