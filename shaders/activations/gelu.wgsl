// gelu(x) = x * Phi(x), Phi the normal distribution function.
// From the tail h = 1 - Phi(|x|): x * h on the left, x * (1 - h) on the right; x/2 * (1 + erf) would lose everything below -6.
fn gelu_forward(x: F) -> F {
    let t = min(abs(x), F(15.0));
    let h = normal_tail(t);
    let left = -t * h.mantissa * h.pow2;
    let right = x * (1.0 - exp_value(h));
    return nan_of(select(left, right, x >= F(0.0)), x);
}

// Phi(x) + x * phi(x). With t = |x| its distance from the limit 0 or 1 is exp(-t^2/2) * (t - t0) * w(t), t0 the root; so nothing
// cancels there.
fn gelu_derivative(x: F) -> F {
    let t = min(abs(x), F(15.0));
    let e = exp_half_square(t);
    let z = tail_variable(t) - 0.59375;
    let w = -0x1.fe5bdep-2f + z * (-0x1.1d40c8p-2f + z * (-0x1.0e891ep-2f + z * (-0x1.2fcc8ap-3f + z * (-0x1.d9e67p-7f
        + z * (0x1.330adep-5f + z * (0x1.35f966p-7f + z * (-0x1.f1b53p-7f + z * (-0x1.75a04cp-9f + z * 0x1.c161d4p-8f))))))));
    let d = launder(t - 0x1.80ead2p-1f) + 0x1.a03fd4p-27f;
    let left = e.mantissa * (d * w) * e.pow2;
    return nan_of(select(left, 1.0 - left, x >= F(0.0)), x);
}
