// gelu_quick(x) = x * sigmoid(1.702 * x). 1.702 * x is a sum of two f32: exp enlarges its error.
const GELU_QUICK_BETA: f32 = 0x1.b3b646p+0f;
const GELU_QUICK_BETA_HI: f32 = 0x1.b3ap+0f;
const GELU_QUICK_BETA_LO: f32 = 0x1.645a1cp-12f;
const GELU_QUICK_ROOT_HI: f32 = -0x1.80974ap-1f;
const GELU_QUICK_ROOT_LO: f32 = -0x1.8af8f8p-27f;
// beta times the root, and the exponential of that.
const GELU_QUICK_SCALED_ROOT_HI: f32 = -0x1.474974p+0f;
const GELU_QUICK_SCALED_ROOT_LO: f32 = 0x1.bdf6fap-27f;
const GELU_QUICK_EXP_SCALED_ROOT_HI: f32 = 0x1.1d25dp-2f;
const GELU_QUICK_EXP_SCALED_ROOT_LO: f32 = -0x1.bdf6fap-27f;

fn gelu_quick_forward(x: F) -> F {
    let s = product_pair(GELU_QUICK_BETA_HI, GELU_QUICK_BETA_LO, -min(abs(x), F(66.0)));
    return nan_of(times_sigmoid(max(x, F(-66.0)), x >= F(0.0), exp_pair(s.hi, s.lo)), x);
}

// On the left 1 + e + beta * x is zero at the root, so it is d + (e - exp(beta * root)): two terms of one sign.
fn gelu_quick_derivative(x: F) -> F {
    let a = -min(abs(x), F(66.0));
    let s = product_pair(GELU_QUICK_BETA_HI, GELU_QUICK_BETA_LO, a);
    let near = GELU_QUICK_BETA * (launder(a - GELU_QUICK_ROOT_HI) - GELU_QUICK_ROOT_LO);
    // Away from the root the difference of the products has fewer roundings.
    let far = launder(s.hi - GELU_QUICK_SCALED_ROOT_HI) + (s.lo - GELU_QUICK_SCALED_ROOT_LO);
    let d = select(far, near, abs(far) < F(0.25));
    let about = exp_about(s.hi, s.lo, d, GELU_QUICK_EXP_SCALED_ROOT_HI, GELU_QUICK_EXP_SCALED_ROOT_LO);
    let product = copy_sign(s.hi + s.lo, x);
    let from_root = select(d + about.difference, product + (1.0 + about.value), about.far);
    return nan_of(gate_derivative(x >= F(0.0), about, product, from_root), x);
}
