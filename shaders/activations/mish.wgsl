// mish(x) = x * tanh(log(1 + exp(x))) = x * n / d; with e = exp(-|x|):
// x >= 0: n = 1 + 2e, d = n + 2e^2; x < 0: n = e (e + 2), d = n + 2.
const MISH_ROOT_HI: f32 = -0x1.31432cp+0f;
const MISH_ROOT_LO: f32 = -0x1.a25b08p-29f;
const MISH_EXP_ROOT_HI: f32 = 0x1.36c42p-2f;
const MISH_EXP_ROOT_LO: f32 = 0x1.7e1f66p-29f;
// e^2 + e exp(root) + exp(root)^2 + 4 (e + exp(root)) + 6 + 4 root by powers of e.
const MISH_SLOPE0: f32 = 0x1.44a5b4p+1f;
const MISH_SLOPE1: f32 = 0x1.136c42p+2f;

fn mish_forward(x: F) -> F {
    let parts = exp_scaled(-min(abs(x), F(115.0)));
    let e = exp_value(parts);
    let positive = x >= F(0.0);
    let right = 1.0 + 2.0 * e;
    let left = e + 2.0;
    let d = select(e * left + 2.0, 2.0 * e * e + right, positive);
    let n = select(parts.mantissa * left, right, positive);
    return nan_of(max(x, F(-115.0)) * n / d * select(parts.pow2, F(1.0), positive), x);
}

// x >= 0: n/d + x q, q = 4e^2 (1 + e) / d^2. x < 0: e ((e + 2) d + 4x (1 + e)) / d^2, where the sum is zero at the root; so it is
// the sum of its parts' differences from their values there, which have one sign.
fn mish_derivative(x: F) -> F {
    let s = -min(abs(x), F(115.0));
    let from_root = launder(s - MISH_ROOT_HI) - MISH_ROOT_LO;
    let about = exp_about(s, F(0.0), from_root, MISH_EXP_ROOT_HI, MISH_EXP_ROOT_LO);
    let e = about.value;
    let left_d = e * (e + 2.0) + 2.0;
    let slope = MISH_SLOPE0 + e * (MISH_SLOPE1 + e);
    let near_numerator = 4.0 * (1.0 + e) * from_root + about.difference * slope;
    let far_numerator = 4.0 * s * e + (4.0 + e * (6.0 + e * (4.0 + e)) + 4.0 * s);
    let numerator = select(near_numerator, far_numerator, about.far);
    // d^2 for d = e^2 + 2e + 2, with one rounding that counts.
    let square = 4.0 + e * (8.0 + e * (8.0 + e * (4.0 + e)));
    let left = times_exp_about(numerator / square, about);
    // n/d + x q on the right and, where the sum does not cancel yet, on the left: fewer roundings.
    let positive = x >= F(0.0);
    let right_n = 1.0 + 2.0 * e;
    let n = select(e * (e + 2.0), right_n, positive);
    let d = select(left_d, 2.0 * e * e + right_n, positive);
    let q = 4.0 * e * select(F(1.0), e, positive) * (1.0 + e) / select(square, d * d, positive);
    return nan_of(select(left, n / d + copy_sign(s, x) * q, x > F(-0.45)), x);
}
