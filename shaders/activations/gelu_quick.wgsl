// gelu_quick(x) = x * sigmoid(1.702 * x). 1.702 * x is a sum of two f32: exp enlarges its error.
const GELU_QUICK_BETA: f32 = 0x1.b3b646p+0f;
const GELU_QUICK_BETA_HI: f32 = 0x1.b3ap+0f;
const GELU_QUICK_BETA_LO: f32 = 0x1.645a1cp-12f;
// The root of the derivative; beta times it is that of silu's.
const GELU_QUICK_ROOT_HI: f32 = -0x1.80974ap-1f;
const GELU_QUICK_ROOT_LO: f32 = -0x1.8af8f8p-27f;

fn gelu_quick_forward(x: F) -> F {
    let s = product_pair(GELU_QUICK_BETA_HI, GELU_QUICK_BETA_LO, -min(abs(x), F(66.0)));
    return nan_of(times_sigmoid(max(x, F(-66.0)), x >= F(0.0), exp_pair(s.hi, s.lo)), x);
}

fn gelu_quick_derivative(x: F) -> F {
    let a = -min(abs(x), F(66.0));
    let s = product_pair(GELU_QUICK_BETA_HI, GELU_QUICK_BETA_LO, a);
    let near = GELU_QUICK_BETA * (launder(a - GELU_QUICK_ROOT_HI) - GELU_QUICK_ROOT_LO);
    // Away from the root the difference of the products has fewer roundings.
    let far = launder(s.hi - SILU_ROOT_HI) + (s.lo - SILU_ROOT_LO);
    let d = select(far, near, abs(far) < F(0.25));
    return nan_of(silu_derivative_of(x >= F(0.0), s.hi, s.lo, d), x);
}
