// gelu(x) = x * Phi(x), Phi the normal distribution function.
// From the tail h = 1 - Phi(t): -t * h on the left, x - t * h on the right, t = |x|; x/2 * (1 + erf) would lose everything below -6.
fn gelu_forward(x: F) -> F {
    let t = min(abs(x), F(15.0));
    let v = tail_variable(t);
    // t (1 - Phi(t)) exp(t^2/2) = ratio t (1 - v), and t (1 - v) = 4 v, which far out hardly feels an error of v.
    let tail = exp_times_nonpositive(exp_of_square(t, -0.5), tail_ratio(v) * (4.0 * v));
    // Near 0 the tail may be flushed to zero where x is a normal number. As the last step: before nan_of llvmpipe takes 0.4 ms longer for
    // a million elements.
    return select(nan_of(max(x, F(0.0)) - tail, x), 0.5 * x, t < F(1e-20));
}

// Phi(x) + x * phi(x). With t = |x| its distance from the limit 0 or 1 is exp(-t^2/2) * (t - t0) * w(t), t0 the root; so nothing
// cancels there.
fn gelu_derivative(x: F) -> F {
    let t = min(abs(x), F(15.0));
    let z = tail_centred(tail_variable(t));
    // The higher powers two by two, for a shorter chain.
    let y = z * z;
    let rest = (-0x1.2694fcp-2f + z * -0x1.0f3814p-2f) + y * ((-0x1.5a7f6ap-3f + z * -0x1.a5a564p-5f) + y *
        ((0x1.53eb16p-6f + z * 0x1.894364p-6f) + y * (-0x1.da53d2p-10f + z * -0x1.d8a1e8p-8f)));
    let w = -0x1.e78fa8p-2f + z * (-0x1.eb0176p-3f + z * rest);
    // (t - t0) w, the difference by a pair; fused it has one rounding.
    let product = fma(launder(t - 0x1.80ead2p-1f), w, 0x1.a03fd4p-27f * w);
    let left = exp_times_nonpositive(exp_of_square(t, -0.5), product);
    return nan_of(select(left, 1.0 - left, x >= F(0.0)), x);
}
