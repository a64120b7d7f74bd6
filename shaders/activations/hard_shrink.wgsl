// hard_shrink(x) = x for |x| > lambda, else 0 with the sign of x.
struct HardShrink {
    lambda: f32,
}

fn hard_shrink_forward(x: F, c: HardShrink) -> F {
    return nan_of(select(copy_sign(F(0.0), x), x, abs(x) > F(c.lambda)), x);
}

fn hard_shrink_derivative(x: F, c: HardShrink) -> F {
    return nan_of(select(F(0.0), F(1.0), abs(x) > F(c.lambda)), x);
}

fn hard_shrink_derivative_from_output(y: F, c: HardShrink) -> F {
    return nan_of(select(F(1.0), F(0.0), y == F(0.0)), y);
}
