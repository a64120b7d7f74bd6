// threshold(x) = x for x > threshold, else value.
struct Threshold {
    threshold: f32,
    value: f32,
}

fn threshold_forward(x: F, c: Threshold) -> F {
    return nan_of(select(F(c.value), x, x > F(c.threshold)), x);
}

fn threshold_derivative(x: F, c: Threshold) -> F {
    return nan_of(select(F(0.0), F(1.0), x > F(c.threshold)), x);
}
