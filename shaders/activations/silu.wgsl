// silu(x) = x * sigmoid(x); silu'(x) = sigmoid(x) * (1 + x * sigmoid(-x)).
fn silu_forward(x: F) -> F {
    let e = exp_of(-min(abs(x), F(115.0)));
    return nan_of(times_sigmoid(max(x, F(-115.0)), x >= F(0.0), e), x);
}

fn silu_derivative(x: F) -> F {
    let s = -min(abs(x), F(115.0));
    let e = exp_of(s);
    let value = exp_added(e);
    let n = launder(1.0 + s) + value;
    // (s - root) w, the difference by a pair; fused it has one rounding.
    let w = silu_derivative_near_root(s);
    let middle = fma(launder(s - SILU_ROOT_HI), w, -SILU_ROOT_LO * w);
    return nan_of(gate_derivative(x >= F(0.0), e, value, n, s > F(-2.0), middle), x);
}
