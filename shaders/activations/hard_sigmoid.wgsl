// hard_sigmoid(x) = min(max(alpha * x + beta, 0), 1), as alpha * (x - root): the sum cancels at the root.
// below and above are the outermost inputs that are not strictly between the ends of the ramp.
struct HardSigmoid {
    alpha: f32,
    root_hi: f32,
    root_lo: f32,
    below: f32,
    above: f32,
}

fn hard_sigmoid_forward(x: F, c: HardSigmoid) -> F {
    let gate = c.alpha * (launder(x - c.root_hi) - c.root_lo);
    return nan_of(select(select(min(gate, F(1.0)), F(0.0), x <= F(c.below)), F(1.0), x >= F(c.above)), x);
}

fn hard_sigmoid_derivative(x: F, c: HardSigmoid) -> F {
    return nan_of(select(F(0.0), F(c.alpha), (x > F(c.below)) & (x < F(c.above))), x);
}

fn hard_sigmoid_derivative_from_output(y: F, c: HardSigmoid) -> F {
    return nan_of(select(F(0.0), F(c.alpha), (y > F(0.0)) & (y < F(1.0))), y);
}
