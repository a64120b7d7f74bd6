// mish(x) = x * tanh(log(1 + exp(x))) = x * n / d; with e = exp(-|x|):
// x >= 0: n = 1 + 2e, d = n + 2e^2; x < 0: n = e (e + 2), d = n + 2.
// The root of the derivative.
const MISH_ROOT_HI: f32 = -0x1.31432cp+0f;
const MISH_ROOT_LO: f32 = -0x1.a25b08p-29f;

fn mish_forward(x: F) -> F {
    let parts = exp_of(-min(abs(x), F(115.0)));
    let e = exp_added(parts);
    let positive = x >= F(0.0);
    // n/d = 1 - q, whose q is at most 2/5: 2e^2 / d on the right; on the left, without the factor e in n, (2e + 2e^2) / 2d.
    let square = 2.0 * e * e;
    let n = select(square + 2.0 * e, square, positive);
    let d = 2.0 * e * e + select(4.0 * e + 4.0, 1.0 + 2.0 * e, positive);
    let limited = max(x, F(-115.0));
    let factor = select(fma(limited, parts.p, limited), limited, positive);
    // Infinity times a q of 0 would be NaN.
    let result = factor - min(factor, F(115.0)) * (n / d);
    // There the product with q may be flushed to zero though the result is normal.
    let curve = select(times_pow2_nonpositive(result, parts.k), result, positive);
    return nan_of(select(curve, 0x1.333334p-1f * x, abs(x) < F(1e-20)), x);
}

// The derivative divided by x - root for -1.92 <= x <= 0, by powers of z = x + 1.109375. Error 2^-26.2.
fn mish_derivative_near_root(z: F) -> F {
    // The higher powers two by two, for a shorter chain.
    let y = z * z;
    let rest = (0x1.286a4p-5 + z * -0x1.a5cc04p-6) + y * ((-0x1.17e25p-6 + z * -0x1.5e7584p-9) + y *
        ((0x1.c12dc4p-10 + z * 0x1.3329ecp-10) + y * ((0x1.a8eb1ep-13 + z * -0x1.1b64a2p-13) + y *
        (-0x1.0d5ecep-14 + z * 0x1.649526p-17))));
    return 0x1.230ce2p-2 + z * (0x1.b09c8ap-3 + z * rest);
}

// Right: 1 - e (2e (d - 2x (1 + e)) / d^2). Left: around the root a polynomial; further out e n / (1 + excess) with
// n = (e + 2) d/4 + x (1 + e) and 1 + excess = d^2/4, as e (n - n q).
fn mish_derivative(x: F) -> F {
    let s = -min(abs(x), F(115.0));
    let parts = exp_of(s);
    let e = exp_added(parts);
    let positive = x >= F(0.0);
    let one_plus = 1.0 + e;
    let right_d = 2.0 * e * one_plus + 1.0;
    let right_n = 2.0 * e * (2.0 * s * one_plus + right_d);
    let excess = e * (2.0 + e * (2.0 + e * (1.0 + e * 0.25)));
    // 1 + s is exact there.
    let n = fma(e, 1.5 + e * (1.0 + e * 0.25) + s, launder(1.0 + s));
    let q = select(excess, right_n, positive) / select(1.0 + excess, right_d * right_d, positive);
    let far = exp_times_nonpositive(parts, n - n * q);
    // (x - root) w, the difference by a pair; fused it has one rounding.
    let w = mish_derivative_near_root(s + 0x1.1cp+0f);
    let middle = fma(launder(s - MISH_ROOT_HI), w, -MISH_ROOT_LO * w);
    return nan_of(select(select(far, middle, s > F(-1.9)), 1.0 - e * q, positive), x);
}
