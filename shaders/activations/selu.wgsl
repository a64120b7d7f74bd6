// selu(x) = scale * x for x > 0, scale * alpha * (exp(x) - 1) otherwise.
const SELU_SCALE: f32 = 0x1.0cfabep+0f;
// scale * alpha as a sum of two f32.
const SELU_SCALE_ALPHA_HI: f32 = 0x1.c212ccp+0f;
const SELU_SCALE_ALPHA_LO: f32 = 0x1.903c0cp-26f;

fn selu_forward(x: F) -> F {
    let left = SELU_SCALE_ALPHA_HI * expm1_nonpositive(min(x, F(0.0)));
    return nan_of(select(left, SELU_SCALE * x, x > F(0.0)), x);
}

fn selu_derivative(x: F) -> F {
    let e = exp_of(max(min(x, F(0.0)), F(-120.0)));
    let left = exp_times_nonpositive(e, F(SELU_SCALE_ALPHA_HI));
    return nan_of(select(left, F(SELU_SCALE), x > F(0.0)), x);
}

fn selu_derivative_from_output(y: F) -> F {
    let left = launder(y + SELU_SCALE_ALPHA_HI) + SELU_SCALE_ALPHA_LO;
    return nan_of(select(left, F(SELU_SCALE), y > F(0.0)), y);
}
