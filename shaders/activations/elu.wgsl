// elu(x) = x for x > 0, alpha * (exp(x) - 1) otherwise.
struct Elu {
    alpha: f32,
}

fn elu_forward(x: F, c: Elu) -> F {
    let left = c.alpha * expm1_nonpositive(min(x, F(0.0)));
    return nan_of(select(left, x, x > F(0.0)), x);
}

fn elu_derivative(x: F, c: Elu) -> F {
    let e = exp_of(max(min(x, F(0.0)), F(-120.0)));
    let left = exp_times_nonpositive(e, F(c.alpha));
    return nan_of(select(left, F(1.0), x > F(0.0)), x);
}

fn elu_derivative_from_output(y: F, c: Elu) -> F {
    return nan_of(select(y + c.alpha, F(1.0), y > F(0.0)), y);
}
