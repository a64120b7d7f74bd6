// scaled_tanh(x) = a * tanh(b * x).
struct ScaledTanh {
    a: f32,
    b: f32,
    product: f32,
    twice_b_hi: f32,
    twice_b_lo: f32,
    limit: f32,
    quotient: f32,
}

fn scaled_tanh_forward(x: F, c: ScaledTanh) -> F {
    let scaled = c.b * abs(x);
    // Where tanh is a straight line, b * x may be too small for f32.
    let near = c.product * abs(x);
    let far = c.a * tanh_nonnegative(scaled);
    return nan_of(copy_sign(select(far, near, scaled < F(1e-4)), x), x);
}

fn scaled_tanh_derivative(x: F, c: ScaledTanh) -> F {
    let s = product_pair(c.twice_b_hi, c.twice_b_lo, min(abs(x), F(c.limit)));
    return nan_of(times_sigmoid_derivative(F(4.0 * c.product), exp_pair(-s.hi, -s.lo)), x);
}

fn scaled_tanh_derivative_from_output(y: F, c: ScaledTanh) -> F {
    return nan_of(c.quotient * (c.a - y) * (c.a + y), y);
}
