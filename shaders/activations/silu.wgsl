// silu(x) = x * sigmoid(x); silu'(x) = sigmoid(x) * (1 + x * sigmoid(-x)).
fn silu_forward(x: F) -> F {
    let e = exp_of(-min(abs(x), F(115.0)));
    return nan_of(times_sigmoid(max(x, F(-115.0)), x >= F(0.0), e), x);
}

fn silu_derivative(x: F) -> F {
    let s = -min(abs(x), F(115.0));
    let d = launder(s - SILU_ROOT_HI) - SILU_ROOT_LO;
    return nan_of(silu_derivative_of(x >= F(0.0), s, F(0.0), d), x);
}
