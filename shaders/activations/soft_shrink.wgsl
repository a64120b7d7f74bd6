// soft_shrink(x) = |x| - lambda, at least 0, with the sign of x.
struct SoftShrink {
    lambda: f32,
}

fn soft_shrink_forward(x: F, c: SoftShrink) -> F {
    return nan_of(copy_sign(max(abs(x) - c.lambda, F(0.0)), x), x);
}

fn soft_shrink_derivative(x: F, c: SoftShrink) -> F {
    return nan_of(select(F(0.0), F(1.0), abs(x) > F(c.lambda)), x);
}

fn soft_shrink_derivative_from_output(y: F, c: SoftShrink) -> F {
    return nan_of(select(F(1.0), F(0.0), y == F(0.0)), y);
}
