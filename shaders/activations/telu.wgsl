// telu(x) = x * tanh(w), w = exp(x); telu'(x) = tanh(w) + x w / cosh(w)^2.
// The root of the derivative.
const TELU_ROOT_HI: f32 = -0x1.14302cp+0f;
const TELU_ROOT_LO: f32 = -0x1.e08798p-27f;

// (tanh(w)/w - 1) / w^2 for 0 <= w <= 1/2, by powers of z = w^2. Error 2^-26 of tanh(w)/w.
fn telu_tanh_rest(z: F) -> F {
    return -0x1.5554d6p-2 + z * (0x1.10e9f4p-3 + z * (-0x1.b28bb8p-5 + z * 0x1.1a794p-6));
}

fn telu_forward(x: F) -> F {
    let limited = clamp(x, F(-120.0), F(3.0));
    let parts = exp_of(limited);
    let w = exp_value(parts);
    // x tanh(w): w (x + x h(w^2)) while w is small, where x * w may be a normal number though w is not; else x - x 2e / (1 + e) with
    // e = exp(-2w).
    let z = w * w;
    let near = exp_times(parts, fma(limited, z * telu_tanh_rest(z), limited));
    let e = exp_added(exp_of(-2.0 * w));
    let far = x - limited * (2.0 * e / (1.0 + e));
    // Near 0 the product with the quotient may be flushed to zero though the result, x tanh(1), is normal.
    return nan_of(select(select(far, near, w < F(0.5)), 0x1.85efacp-1f * x, abs(x) < F(1e-20)), x);
}

// The derivative for -0.77 <= x <= 0 by powers of z = x + 0.375 (scripts/coefficients.sollya).
fn telu_derivative_left_of_0(z: F) -> F {
    return 0x1.b87394p-2f + z * (0x1.b63e9ep-1f + z * (0x1.e2f45ap-3f + z * (-0x1.537df6p-2f + z * (-0x1.22cfdap-2f
        + z * (0x1.7e7008p-15f + z * (0x1.06c87p-3f + z * (0x1.2bf5cp-4f + z * (-0x1.deaa4cp-7f + z * -0x1.ec672ep-6f))))))));
}

// The derivative divided by x - root for -2.05 <= x <= -0.6, by powers of z = x + 1.4375. Error 2^-25.9.
fn telu_derivative_near_root(z: F) -> F {
    return 0x1.002e06p-2f + z * (0x1.f6eeb8p-3f + z * (0x1.b8012p-4f + z * (0x1.02204ap-6f + z * (-0x1.9700a4p-7f +
        z * (-0x1.80e77ap-7f + z * (-0x1.67979ap-8f + z * (-0x1.6de682p-10f + z * (0x1.53e3fap-13f +
        z * (0x1.ff8c82p-12f + z * 0x1.199012p-12f)))))))));
}

fn telu_derivative(x: F) -> F {
    let near = clamp(x, F(-120.0), F(3.0));
    let parts = exp_of(near);
    let w = exp_value(parts);
    // 1 - tanh(w); sech^2 is (1 - tanh) (1 + tanh).
    let e = exp_added(exp_of(-2.0 * w));
    let rest = 2.0 * e / (1.0 + e);
    let right = select(near * w * (rest * (2.0 - rest)) + launder(1.0 - rest), F(1.0), x > F(3.0));
    let left_of_0 = telu_derivative_left_of_0(near + 0.375);
    // (x - root) p, the difference by a pair; fused it has one rounding.
    let p = telu_derivative_near_root(near + 1.4375);
    let near_root = fma(launder(near - TELU_ROOT_HI), p, -TELU_ROOT_LO * p);
    // w (tanh(w)/w + x / cosh(w)^2) with the series of both, their ones apart: 1 + x is exact.
    let z = w * w;
    let tanh_rest = -0x1.555552p-2 + z * (0x1.110a96p-3 + z * -0x1.b27fe8p-5);
    let sech_squared_rest = -0x1.fffff4p-1 + z * (0x1.55485cp-1 + z * -0x1.7ab15p-2);
    let far = exp_times(parts, fma(z, near * sech_squared_rest + tanh_rest, launder(1.0 + near)));
    let left = select(select(far, near_root, x > F(-2.0)), left_of_0, x > F(-0.7));
    return nan_of(select(left, right, x >= F(0.0)), x);
}
