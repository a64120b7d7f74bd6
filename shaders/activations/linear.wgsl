// linear(x) = slope * x + offset.
struct Linear {
    slope: f32,
    offset: f32,
}

fn linear_forward(x: F, c: Linear) -> F {
    // A flat line stays flat at infinity, where the product would be NaN.
    let rise = select(c.slope * x, F(0.0), c.slope == 0.0);
    return nan_of(rise + c.offset, x);
}

fn linear_derivative(x: F, c: Linear) -> F {
    return nan_of(F(c.slope), x);
}

fn linear_derivative_from_output(y: F, c: Linear) -> F {
    return nan_of(F(c.slope), y);
}
