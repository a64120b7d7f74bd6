// silu(x) = x * sigmoid(x); silu'(x) = sigmoid(x) * (1 + x * sigmoid(-x)).
const SILU_ROOT_HI: f32 = -0x1.474974p+0f;
const SILU_ROOT_LO: f32 = 0x1.bdf6fap-27f;
const SILU_EXP_ROOT_HI: f32 = 0x1.1d25dp-2f;
const SILU_EXP_ROOT_LO: f32 = -0x1.bdf6fap-27f;

fn silu_forward(x: F) -> F {
    let e = exp_scaled(-min(abs(x), F(115.0)));
    return nan_of(times_sigmoid(max(x, F(-115.0)), x >= F(0.0), e), x);
}

// On the left 1 + e + x is zero at the root, so it is d + (e - exp(root)): two terms of one sign, and nothing cancels.
fn silu_derivative(x: F) -> F {
    let s = -min(abs(x), F(115.0));
    let d = launder(s - SILU_ROOT_HI) - SILU_ROOT_LO;
    let about = exp_about(s, F(0.0), d, SILU_EXP_ROOT_HI, SILU_EXP_ROOT_LO);
    let from_root = select(d + about.difference, s + (1.0 + about.value), about.far);
    return nan_of(gate_derivative(x >= F(0.0), about, copy_sign(s, x), from_root), x);
}
