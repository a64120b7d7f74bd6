#!/usr/bin/env python3
"""Writes tests/data/oracle.txt: every function of the catalogue and its derivative at some points, to 30 digits.

    python3 scripts/oracle_values.py > tests/data/oracle.txt        (needs mpmath)

The formulas are the definitions, evaluated with 240 digits; nothing is shared with the crate's own reference, which
`cargo test --test oracle` compares with this file. A line with a name begins a function, then come lines `x f(x) f'(x)`.
Points where the derivative jumps are left out.
"""
import struct
import mpmath as m

m.mp.dps = 240
ONE = m.mpf(1)


def f32(v):
    return m.mpf(struct.unpack("<f", struct.pack("<f", float(v)))[0])


def text(x):
    """Shortest decimal that reads back to the f32."""
    for digits in range(1, 10):
        short = m.nstr(x, digits, min_fixed=-5, max_fixed=9)
        if f32(float(short)) == x:
            return short[:-2] if short.endswith(".0") else short
    raise ValueError(x)


def digits(v):
    """30 digits; f64 knows nothing between 0 and 1e-324."""
    return m.nstr(v if abs(v) > m.mpf("1e-400") else m.mpf(0), 30, min_fixed=-5, max_fixed=9).removesuffix(".0")


def sigma(x): return ONE / (ONE + m.exp(-x))
def softplus(x): return m.log1p(m.exp(x)) if x < 0 else x + m.log1p(m.exp(-x))
def sech2(x): return m.sech(x) ** 2
def Phi(x): return m.mpf(0) if x < -10000 else ONE if x > 10000 else m.erfc(-x / m.sqrt(2)) / 2
def phi(x): return m.exp(-x * x / 2) / m.sqrt(2 * m.pi)


def swish(b):
    b = m.mpf(b)
    return lambda x: x * sigma(b * x), lambda x: sigma(b * x) * (1 + b * x * sigma(-b * x))


def elu(a):
    a = m.mpf(a)
    return lambda x: x if x > 0 else a * m.expm1(x), lambda x: ONE if x > 0 else a * m.exp(x)


def celu(a):
    a = m.mpf(a)
    return lambda x: x if x > 0 else a * m.expm1(x / a), lambda x: ONE if x > 0 else m.exp(x / a)


def soft_plus(b):
    b = m.mpf(b)
    return lambda x: softplus(b * x) / b, lambda x: sigma(b * x)


def scaled_tanh(a, b):
    return lambda x: a * m.tanh(b * x), lambda x: a * b * sech2(b * x)


def squareplus(b):
    b = m.mpf(b)
    return lambda x: (x + m.sqrt(x * x + b)) / 2, lambda x: (1 + x / m.sqrt(x * x + b)) / 2


def xielu(ap, an, b, eps):
    return (lambda x: ap * x * x + b * x if x > 0 else an * (m.expm1(min(x, eps)) - x) + b * x,
            lambda x: 2 * ap * x + b if x > 0 else an * m.expm1(x) + b)


def clip(lo, hi):
    return lambda x: min(max(x, m.mpf(lo)), m.mpf(hi)), lambda x: ONE * (lo < x < hi)


def gate(x, a, b):
    return min(max(a * x + b, m.mpf(0)), ONE)


def hard_sigmoid(a, b):
    return lambda x: gate(x, a, b), lambda x: a if 0 < a * x + b < 1 else m.mpf(0)


def hard_swish(a, b):
    return lambda x: x * gate(x, a, b), lambda x: 2 * a * x + b if 0 < a * x + b < 1 else gate(x, a, b)


def gelu_tanh():
    k, c = m.sqrt(2 / m.pi), m.mpf("0.044715")
    u = lambda x: k * (x + c * x ** 3)
    return (lambda x: x / 2 * (1 + m.tanh(u(x))) if x > -1 else x * sigma(2 * u(x)),
            lambda x: sigma(2 * u(x)) + x * sigma(2 * u(x)) * sigma(-2 * u(x)) * 2 * k * (1 + 3 * c * x * x))


def telu():
    # Beyond 20 the tanh is 1 to a hundred million digits.
    w = lambda x: m.exp(min(x, m.mpf(20)))
    return lambda x: x * m.tanh(w(x)), lambda x: m.tanh(w(x)) + (x * w(x) * sech2(w(x)) if x < 20 else 0)


def piecewise(points, left, right):
    def piece(x):
        before = [p for p in points if p[0] <= x]
        if not before:
            return points[0], m.mpf(left)
        i = len(before) - 1
        if i == len(points) - 1:
            return points[i], m.mpf(right)
        return points[i], m.mpf(points[i + 1][1] - points[i][1]) / (points[i + 1][0] - points[i][0])
    def value(x):
        (x0, y0), slope = piece(x)
        return y0 + slope * (x - x0)
    return value, lambda x: piece(x)[1]


GAMMA, ALPHA = m.mpf("1.0507009873554804934193349852946"), m.mpf("1.6732632423543772848170429916717")
SLOPE, POINT8 = f32(0.01), f32(0.8)
SIXTH, HALF = ONE / 6, ONE / 2

# name: (f, f', points beside the common ones)
FUNCTIONS = {
    "linear": (lambda x: x, lambda x: ONE, []),
    "linear(slope=-2.5, offset=3)": (lambda x: 3 - m.mpf(2.5) * x, lambda x: m.mpf(-2.5), []),
    "piecewise_linear": (*piecewise([(-1, 0), (1, 1)], 0, 0), []),
    "piecewise_linear(points=[-2:1.5, 0.25:-7, 3:0], left=-1, right=0.5)": (
        *piecewise([(-2, m.mpf(1.5)), (m.mpf(0.25), -7), (3, 0)], -1, 0.5), []),
    "relu": (lambda x: max(x, m.mpf(0)), lambda x: ONE * (x > 0), []),
    "relu6": (*clip(0, 6), []),
    "leaky_relu": (lambda x: x if x > 0 else SLOPE * x, lambda x: ONE if x > 0 else SLOPE, []),
    "squared_relu": (lambda x: max(x, m.mpf(0)) ** 2, lambda x: 2 * max(x, m.mpf(0)), []),
    "thresholded_relu": (lambda x: x if x > 1 else m.mpf(0), lambda x: ONE * (x > 1), []),
    "threshold(threshold=0.75, value=-2)": (lambda x: x if x > 0.75 else m.mpf(-2), lambda x: ONE * (x > 0.75), []),
    "step": (lambda x: ONE * (x > 0), lambda x: m.mpf(0), []),
    "hard_tanh": (*clip(-1, 1), []),
    "hard_sigmoid": (*hard_sigmoid(SIXTH, HALF), []),
    "hard_swish": (*hard_swish(SIXTH, HALF), [-1.5]),
    "hard_shrink": (lambda x: x if abs(x) > HALF else m.mpf(0), lambda x: ONE * (abs(x) > HALF), []),
    "soft_shrink": (lambda x: x - HALF * m.sign(x) if abs(x) > HALF else m.mpf(0), lambda x: ONE * (abs(x) > HALF), []),
    "elu": (*elu(1), []),
    "elu(alpha=0.5)": (*elu(0.5), []),
    "celu": (*celu(1), []),
    "celu(alpha=2)": (*celu(2), []),
    "selu": (lambda x: GAMMA * (x if x > 0 else ALPHA * m.expm1(x)), lambda x: GAMMA * (ONE if x > 0 else ALPHA * m.exp(x)), []),
    "sigmoid": (sigma, lambda x: sigma(x) * sigma(-x), []),
    "log_sigmoid": (lambda x: -softplus(-x), lambda x: sigma(-x), []),
    "tanh": (m.tanh, sech2, []),
    "tanh_shrink": (lambda x: x - m.tanh(x), lambda x: m.tanh(x) ** 2, []),
    "scaled_tanh": (*scaled_tanh(f32(1.7159), ONE * 2 / 3), []),
    "softsign": (lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2, []),
    "softplus": (*soft_plus(1), []),
    "softplus(beta=4)": (*soft_plus(4), []),
    "squareplus": (*squareplus(4), []),
    "squareplus(b=0.25)": (*squareplus(0.25), []),
    "silu": (*swish(1), [-1.2784645]),
    "swish": (*swish(1), [-1.2784645]),
    "swish(beta=-2)": (*swish(-2), [0.63923227]),
    "mish": (lambda x: x * m.tanh(softplus(x)), lambda x: m.tanh(softplus(x)) + x * sech2(softplus(x)) * sigma(x), [-1.1924312]),
    "gelu": (lambda x: x * Phi(x), lambda x: Phi(x) + x * phi(x), [-0.7517915]),
    "gelu_tanh": (*gelu_tanh(), [-0.752461]),
    "gelu_quick": (*swish("1.702"), [-0.751154]),
    "xielu": (*xielu(POINT8, POINT8, HALF, f32(-1e-6)), [-0.98082924, -1e-6, -5e-7]),
    "lisht": (lambda x: x * m.tanh(x), lambda x: m.tanh(x) + x * sech2(x), []),
    "telu": (*telu(), [-1.0788601]),
    "erf": (m.erf, lambda x: 2 / m.sqrt(m.pi) * m.exp(-x * x), []),
    "abs": (abs, m.sign, []),
    "sign": (m.sign, lambda x: m.mpf(0), []),
    "neg": (lambda x: -x, lambda x: -ONE, []),
    "square": (lambda x: x * x, lambda x: 2 * x, []),
    "sqrt": (m.sqrt, lambda x: 1 / (2 * m.sqrt(x)), []),
    "rsqrt": (lambda x: 1 / m.sqrt(x), lambda x: -1 / (2 * x * m.sqrt(x)), []),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / (x * x), []),
    "exp": (m.exp, m.exp, []),
    "expm1": (m.expm1, m.exp, []),
    "log": (m.log, lambda x: 1 / x, []),
    "log1p": (lambda x: m.log(1 + x), lambda x: 1 / (1 + x), [-0.875, -0.9999]),
}

POSITIVE = ["1e-40", "1e-30", "1e-12", "1e-8", "3e-5", "0.001", "0.02", "0.1", "0.3", "0.6", "0.8", "1.25", "1.9", "2.6", "3.7", "5.3", "7.1",
            "9.8", "13", "17.5", "25", "44", "80", "88.8", "104", "300", "50000", "1e10", "2e19", "3e38"]

# Where the exponentials of the tails leave the normal numbers and then the subnormal ones.
TAILS = ["8.3", "9.01", "12.6", "13.3", "14.2", "16.6", "43.7", "51.9", "86.1", "87.4", "88.1", "88.7", "92", "97.5", "103", "103.9"]

# Kinks and roots of derivatives, and places where an expression in the definition changes or cancels.
LANDMARKS = ["0.25", "0.5", "0.625", "0.75", "1", "1.5", "2", "3", "4", "6", "0.7517915", "0.752461", "0.751154", "1.2784645", "1.1924312",
             "1.0788601", "0.98082924", "0.63923227"]


def scattered(count):
    """Numbers between 1e-7 and 50 that have no pattern, the same on every run."""
    state, found = 12345, []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        found.append(m.exp(m.log(m.mpf("1e-7")) + m.log(m.mpf("5e8")) * (state >> 11) / 2 ** 53))
    return found


def near(v):
    """The f32 beside a number, on either side."""
    bits = struct.unpack("<I", struct.pack("<f", float(v)))[0]
    return [m.mpf(struct.unpack("<f", struct.pack("<I", bits + by))[0]) for by in (-1, 1)]


def jumps(f, d, x):
    """Whether the derivative is not defined at x: it differs on either side."""
    h = abs(x) * m.mpf("1e-60")
    return abs(d(x - h) - d(x + h)) > m.mpf("1e-40") * (1 + abs(d(x)))


def main():
    print("# Written by scripts/oracle_values.py: a function, then lines of x, f(x) and f'(x).")
    for name, (f, d, more) in FUNCTIONS.items():
        low = 0 if name in ("sqrt", "rsqrt", "log") else -1 if name == "log1p" else -m.inf
        # At least 200 points, also where a half of the numbers is no input.
        more_of_them = 8 if low == -m.inf else 110
        magnitudes = [float(v) for v in POSITIVE + TAILS] + [v for landmark in LANDMARKS for v in (float(landmark), *near(landmark))]
        magnitudes = {f32(v) for v in magnitudes + scattered(more_of_them)}
        points = magnitudes | {-v for v in magnitudes} | {f32(v) for v in more}
        print(name)
        for x in sorted(p for p in points if p > low and not jumps(f, d, p)):
            print(text(x), digits(f(x)), digits(d(x)))


if __name__ == "__main__":
    main()
