// mish(x) = x * tanh(log(1 + exp(x))) = x * n / d; with e = exp(-|x|):
// x >= 0: n = 1 + 2e, d = n + 2e^2; x < 0: n = e (e + 2), d = n + 2.
// The root of the derivative.
const MISH_ROOT_HI: f32 = -0x1.31432cp+0f;
const MISH_ROOT_LO: f32 = -0x1.a25b08p-29f;

fn mish_forward(x: F) -> F {
    let parts = exp_of(-min(abs(x), F(115.0)));
    let e = exp_added(parts);
    let positive = x >= F(0.0);
    let right = 1.0 + 2.0 * e;
    let left = e + 2.0;
    let d = select(e * left + 2.0, 2.0 * e * e + right, positive);
    let n = select(left, right, positive);
    let quotient = max(x, F(-115.0)) * n / d;
    return nan_of(select(exp_times(parts, quotient), quotient, positive), x);
}

// The derivative divided by x - root for -2.25 <= x <= -0.45, by powers of z = x + 1.4375. Error 2^-25.7.
fn mish_derivative_near_root(z: F) -> F {
    return 0x1.c19c2p-3f + z * (0x1.73843ep-3f + z * (0x1.a71876p-5f + z * (-0x1.ca1874p-8f + z * (-0x1.6db1dcp-7f +
        z * (-0x1.025976p-8f + z * (-0x1.674cb8p-13f + z * (0x1.040a36p-11f + z * (0x1.0b5bf4p-12f +
        z * (0x1.283146p-16f + z * -0x1.d4a2a6p-16f)))))))));
}

// n/d + x q with, for x >= 0, q = 4e^2 (1 + e) / d^2, and for x < 0 q = 4e (1 + e) / d^2; from -0.5 down, where that cancels, around
// the root a polynomial, and further left the sum with e taken out: e ((e + 2) d + 4x (1 + e)) / d^2.
fn mish_derivative(x: F) -> F {
    let s = -min(abs(x), F(115.0));
    let parts = exp_of(s);
    let e = exp_added(parts);
    let positive = x >= F(0.0);
    let right_n = 1.0 + 2.0 * e;
    let n = select(e * (e + 2.0), right_n, positive);
    let right_d = 2.0 * e * e + right_n;
    // d^2 of the left side, d = e^2 + 2e + 2, with one rounding that counts.
    let square = 4.0 + e * (8.0 + e * (8.0 + e * (4.0 + e)));
    let d = select(e * (e + 2.0) + 2.0, right_d, positive);
    let q = 4.0 * e * select(F(1.0), e, positive) * (1.0 + e) / select(square, right_d * right_d, positive);
    let near = n / d + copy_sign(s, x) * q;
    let middle = (launder(s - MISH_ROOT_HI) - MISH_ROOT_LO) * mish_derivative_near_root(s + 1.4375);
    let far = exp_times(parts, (4.0 * s * e + (4.0 + e * (6.0 + e * (4.0 + e)) + 4.0 * s)) / square);
    return nan_of(select(select(far, middle, x > F(-2.2)), near, x > F(-0.5)), x);
}
