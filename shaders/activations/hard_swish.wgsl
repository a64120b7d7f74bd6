// hard_swish(x) = x * min(max(alpha * x + beta, 0), 1), with the gate as alpha * (x - start): the sum cancels there.
// below and above are the outermost inputs that are not strictly between the ends of the ramp; root is that of the derivative.
struct HardSwish {
    alpha: f32,
    start_hi: f32,
    start_lo: f32,
    below: f32,
    above: f32,
    root_hi: f32,
    root_lo: f32,
}

fn hard_swish_forward(x: F, c: HardSwish) -> F {
    let gate = c.alpha * (launder(x - c.start_hi) - c.start_lo);
    return nan_of(select(select(x * gate, F(0.0), x <= F(c.below)), x, x >= F(c.above)), x);
}

fn hard_swish_derivative(x: F, c: HardSwish) -> F {
    let slope = 2.0 * c.alpha * (launder(x - c.root_hi) - c.root_lo);
    return nan_of(select(select(slope, F(0.0), x <= F(c.below)), F(1.0), x >= F(c.above)), x);
}
