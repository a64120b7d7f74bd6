// telu(x) = x * tanh(w), w = exp(x); telu'(x) = tanh(w) + x w / cosh(w)^2.
// The root of the derivative.
const TELU_ROOT_HI: f32 = -0x1.14302cp+0f;
const TELU_ROOT_LO: f32 = -0x1.e08798p-27f;

fn telu_forward(x: F) -> F {
    let parts = exp_of(clamp(x, F(-120.0), F(3.0)));
    let w = exp_value(parts);
    // Where tanh is a straight line, x * w may be a normal number though w is not.
    let tiny = w < F(1e-4);
    let finite = max(x, F(-120.0));
    return nan_of(select(finite * tanh_nonnegative(w), exp_times(parts, finite), tiny), x);
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
    let half = exp_and_expm1(-2.0 * w);
    let sech_squared = 4.0 * half.exp / square_of_one_plus(half.exp);
    let right = select(near * w * sech_squared - half.expm1 / (2.0 + half.expm1), F(1.0), x > F(3.0));
    let left_of_0 = telu_derivative_left_of_0(near + 0.375);
    let near_root = (launder(near - TELU_ROOT_HI) - TELU_ROOT_LO) * telu_derivative_near_root(near + 1.4375);
    // w / cosh(w)^2 * (sinh(2w) / (2w) + x), with the series of the quotient: w is below 1/7 there.
    let q = w * w;
    let quotient = 1.0 + q * (0x1.555556p-1f + q * (0x1.111112p-3f + q * 0x1.a01a02p-7f));
    let far = exp_times(parts, sech_squared * (quotient + near));
    let left = select(select(far, near_root, x > F(-2.0)), left_of_0, x > F(-0.7));
    return nan_of(select(left, right, x >= F(0.0)), x);
}
