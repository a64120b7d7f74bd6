// telu(x) = x * tanh(w), w = exp(x); telu'(x) = tanh(w) + x w / cosh(w)^2.
const TELU_ROOT_HI: f32 = -0x1.14302cp+0f;
const TELU_ROOT_LO: f32 = -0x1.e08798p-27f;
const TELU_EXP_TWICE_ROOT_HI: f32 = 0x1.d9732cp-4f;
const TELU_EXP_TWICE_ROOT_LO: f32 = -0x1.c63514p-29f;

fn telu_forward(x: F) -> F {
    let parts = exp_scaled(clamp(x, F(-120.0), F(3.0)));
    let w = exp_value(parts);
    // Where tanh is a straight line, x * w may be a normal number though w is not.
    let tiny = w < F(1e-4);
    let gate = select(tanh_nonnegative(w), parts.mantissa, tiny);
    return nan_of(max(x, F(-120.0)) * gate * select(F(1.0), parts.pow2, tiny), x);
}

// (S(q) - S(q0)) / (q - q0) for q = w^2, S = sinh(2w) / (2w), q0 at the root.
fn telu_divided_difference(q: F) -> F {
    return 0x1.5d4fc4p-1f + q * (0x1.141792p-3f + q * (0x1.a2c8eep-7f + q * (0x1.736d66p-11f + q * (0x1.afab9cp-16f + q * (0x1.61ebc2p-21f + q * 0x1.af3ad4p-27f)))));
}

// The derivative for -0.77 <= x <= 0 by powers of z = x + 0.375 (scripts/coefficients.sollya).
fn telu_derivative_left_of_0(z: F) -> F {
    return 0x1.b87394p-2f + z * (0x1.b63e9ep-1f + z * (0x1.e2f45ap-3f + z * (-0x1.537df6p-2f + z * (-0x1.22cfdap-2f
        + z * (0x1.7e7008p-15f + z * (0x1.06c87p-3f + z * (0x1.2bf5cp-4f + z * (-0x1.deaa4cp-7f + z * -0x1.ec672ep-6f))))))));
}

// Left of 0 it is w / cosh(w)^2 * (S(w^2) + x), zero at the root; so the sum of its parts' differences from their values there,
// which have one sign.
fn telu_derivative(x: F) -> F {
    let near = clamp(x, F(-120.0), F(3.0));
    let w = exp_value(exp_scaled(near));
    let half = exp_and_expm1(-2.0 * w);
    let sum = 2.0 + half.expm1;
    let sech_squared = 4.0 * half.exp / square_of_one_plus(half.exp);
    let left_x = min(near, F(0.0));
    let d = launder(left_x - TELU_ROOT_HI) - TELU_ROOT_LO;
    let about = exp_about(2.0 * max(left_x, F(-60.0)), F(0.0), 2.0 * max(d, F(-59.0)), TELU_EXP_TWICE_ROOT_HI, TELU_EXP_TWICE_ROOT_LO);
    let numerator = d + about.difference * telu_divided_difference(about.value);
    let left = exp_value(times_exp(sech_squared * numerator, near));
    let right = select(near * w * sech_squared - half.expm1 / sum, F(1.0), x > F(3.0));
    // Left of 0 the polynomial has the fewest roundings.
    let middle = select(left, telu_derivative_left_of_0(near + 0.375), x > F(-0.75));
    return nan_of(select(middle, right, x >= F(0.0)), x);
}
