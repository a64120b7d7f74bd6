// leaky_relu(x) = x for x > 0, slope * x otherwise.
struct LeakyRelu {
    slope: f32,
}

fn leaky_relu_forward(x: F, c: LeakyRelu) -> F {
    // A slope of 0 maps minus infinity to 0, its limit, where the product would be NaN.
    return nan_of(select(select(c.slope * x, F(0.0), c.slope == 0.0), x, x > F(0.0)), x);
}

fn leaky_relu_derivative(x: F, c: LeakyRelu) -> F {
    return nan_of(select(F(c.slope), F(1.0), x > F(0.0)), x);
}

fn leaky_relu_derivative_from_output(y: F, c: LeakyRelu) -> F {
    return leaky_relu_derivative(y, c);
}
