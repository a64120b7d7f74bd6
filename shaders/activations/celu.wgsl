// celu(x) = x for x > 0, alpha * (exp(x / alpha) - 1) otherwise. x / alpha is a sum of two f32: exp enlarges its error.
struct Celu {
    alpha: f32,
    inverse_hi: f32,
    inverse_lo: f32,
    limit: f32,
}

fn celu_forward(x: F, c: Celu) -> F {
    let s = product_pair(c.inverse_hi, c.inverse_lo, clamp(x, F(-c.limit), F(0.0)));
    // Where x / alpha is tiny its exponential is a straight line, and the quotient may be too small for f32.
    let left = select(c.alpha * expm1_pair(s.hi, s.lo), x, s.hi > F(-1e-8));
    return nan_of(select(left, x, x > F(0.0)), x);
}

fn celu_derivative(x: F, c: Celu) -> F {
    let s = product_pair(c.inverse_hi, c.inverse_lo, clamp(x, F(-c.limit), F(0.0)));
    return nan_of(select(exp_value(exp_pair(s.hi, s.lo)), F(1.0), x > F(0.0)), x);
}

fn celu_derivative_from_output(y: F, c: Celu) -> F {
    return nan_of(select((y + c.alpha) / c.alpha, F(1.0), y > F(0.0)), y);
}
