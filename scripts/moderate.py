#!/usr/bin/env python3
"""Prints the constants of the users of src/math/moderate.rs, and of the quotient for tanh in src/math/tanh.rs.

    pip install mpmath numpy scipy && scripts/moderate.py

The factor below and its moves were searched for: of many, evaluated in f32 over every input where they count, those whose largest error is smallest.
"""
import mpmath as mp
import numpy as np
from scipy.optimize import linprog

mp.mp.prec = 300
TANH_FACTOR = 1.8617925
# By how many ULP the coefficients n1, n2, d1, d2, d3 are moved after they are rounded.
TANH_MOVES = [2, 0, 1, -1, -1]
LOG2_E = 1 / mp.log(2)


def bits(x):
    return int(np.float32(float(x)).view(np.uint32))


def f32(x):
    return mp.mpf(float(np.float32(float(x))))


def show(name, *numbers):
    print(f"{name:28}", *(f"{bits(x) >> 16:#06x}_{bits(x) & 0xFFFF:04x}" for x in numbers))


def pair(x, behind_point=None):
    high = f32(x) if behind_point is None else mp.nint(x * 2**behind_point) / 2**behind_point
    return high, x - high


def tanh_quotient(limit=9.02, rounds=10):
    """tanh(x/2) = x·p(x²) / q(x²), p(0) = 1/2, q(0) = 1: the coefficients for which 2pq / (p² + q²) has the smallest largest error, one after the other rounded."""
    x = np.concatenate([np.cos(np.linspace(0, np.pi / 2, 1500))[:-1] * limit, np.linspace(1e-3, 1.5, 300)])
    y, u = (x / limit) ** 2, np.tanh(x / 2)
    weight = (1 - u * u) / (1 + u * u) / u
    columns = {"n1": x * y, "n2": x * y**2, "d1": -u * y, "d2": -u * y**2, "d3": -u * y**3}
    unit = {name: limit ** (2 * int(name[1])) for name in columns}
    known = {}
    for name in ["d1", "n1", "d2", "n2", "d3"]:
        q = np.ones_like(x)
        for _ in range(rounds):
            free = [c for c in columns if c not in known]
            wanted = u - x / 2 - sum(columns[c] * known[c] * unit[c] for c in known)
            a = np.stack([columns[c] for c in free], 1) * (weight / q)[:, None] * 1e6
            b = wanted * weight / q * 1e6
            edge = -np.ones((len(x), 1))
            solved = linprog(
                [0] * len(free) + [1],
                A_ub=np.r_[np.c_[a, edge], np.c_[-a, edge]],
                b_ub=np.r_[b, -b],
                bounds=[(None, None)] * (len(free) + 1),
                method="highs",
            )
            found = known | {c: v / unit[c] for c, v in zip(free, solved.x)}
            q = 1 + sum(found[f"d{k}"] * (y * limit**2) ** k for k in (1, 2, 3))
        known[name] = float(np.float32(found[name]))
    return known


known = tanh_quotient()
moved = {
    name: np.uint32(bits(TANH_FACTOR * known[name]) + move).view(np.float32)
    for name, move in zip(["n1", "n2", "d1", "d2", "d3"], TANH_MOVES)
}
show("tanh, N", TANH_FACTOR / 2, moved["n1"], moved["n2"])
show("tanh, D", TANH_FACTOR, moved["d1"], moved["d2"], moved["d3"])

show("gelu_quick, BASE_2", *pair(mp.mpf("1.702") * LOG2_E))

linear = mp.sqrt(8 / mp.pi)
cube = linear * mp.mpf("0.044715")
show("gelu_tanh, LINEAR_2", *pair(linear * LOG2_E, 9))
show("gelu_tanh, LINEAR_2_NEAREST", linear * LOG2_E)
show("gelu_tanh, CUBE_2", *pair(cube * LOG2_E))
