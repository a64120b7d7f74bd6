// hard_tanh(x) = min(max(x, min), max); where min > max, max everywhere.
struct HardTanh {
    low: f32,
    high: f32,
}

fn hard_tanh_forward(x: F, c: HardTanh) -> F {
    return nan_of(min(max(x, F(c.low)), F(c.high)), x);
}

fn hard_tanh_derivative(x: F, c: HardTanh) -> F {
    return nan_of(select(F(0.0), F(1.0), (x > F(c.low)) & (x < F(c.high))), x);
}

fn hard_tanh_derivative_from_output(y: F, c: HardTanh) -> F {
    return hard_tanh_derivative(y, c);
}
