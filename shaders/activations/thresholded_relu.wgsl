// thresholded_relu(x) = x for x > alpha, else 0.
struct ThresholdedRelu {
    alpha: f32,
}

fn thresholded_relu_forward(x: F, c: ThresholdedRelu) -> F {
    return nan_of(select(F(0.0), x, x > F(c.alpha)), x);
}

fn thresholded_relu_derivative(x: F, c: ThresholdedRelu) -> F {
    return nan_of(select(F(0.0), F(1.0), x > F(c.alpha)), x);
}

fn thresholded_relu_derivative_from_output(y: F, c: ThresholdedRelu) -> F {
    return thresholded_relu_derivative(y, c);
}
