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

// (tanh(s)/s - 1) / s^2 for 0 <= s <= 0.6, by powers of z = s^2. Error 2^-28.4 of tanh(s)/s.
fn scaled_tanh_rest(z: F) -> F {
    return -0x1.55553ep-2 + z * (0x1.1109bep-3 + z * (-0x1.b89abap-5 + z * (0x1.54c3c2p-6 + z * -0x1.828776p-8)));
}

fn scaled_tanh_forward(x: F, c: ScaledTanh) -> F {
    let scaled = c.b * abs(x);
    // Near 0 a b x (1 + h), where b * x may be too small for f32; else a - 2a e / (1 + e).
    let line = c.product * abs(x);
    let z = scaled * scaled;
    let near = fma(line, z * scaled_tanh_rest(z), line);
    let e = exp_added(exp_of(-2.0 * min(scaled, F(40.0))));
    let far = c.a - 2.0 * c.a * (e / (1.0 + e));
    return nan_of(copy_sign(select(far, near, scaled < F(0.6)), x), x);
}

fn scaled_tanh_derivative(x: F, c: ScaledTanh) -> F {
    let s = product_pair(c.twice_b_hi, c.twice_b_lo, min(abs(x), F(c.limit)));
    let e = exp_pair(-s.hi, -s.lo);
    // As times_sigmoid_derivative, for a factor that keeps the product from 0 much further out.
    let quotient = sigmoid_derivative_quotient(Exp(e.p, max(e.k, F(-126.0))));
    return nan_of(min(times_pow2(4.0 * c.product * quotient, e.k), F(c.product)), x);
}

fn scaled_tanh_derivative_from_output(y: F, c: ScaledTanh) -> F {
    return nan_of(c.quotient * (c.a - y) * (c.a + y), y);
}
