// log_sigmoid(x) = -log(1 + exp(-x)) = min(x, 0) - log1p(exp(-|x|)); its derivative is sigmoid(-x).
fn log_sigmoid_forward(x: F) -> F {
    let e = exp_value(exp_of(-min(abs(x), F(110.0))));
    return nan_of(min(x, F(0.0)) - log1p_unit(e), x);
}

fn log_sigmoid_derivative(x: F) -> F {
    return nan_of(times_sigmoid(F(1.0), x <= F(0.0), exp_of(-min(abs(x), F(110.0)))), x);
}

fn log_sigmoid_derivative_from_output(y: F) -> F {
    return nan_of(-expm1_nonpositive(min(y, F(0.0))), y);
}
