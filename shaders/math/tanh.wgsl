// tanh through expm1, and the part of it that is left when x is taken away.

// tanh(a) for a >= 0: -t / (2 + t) with t = exp(-2a) - 1.
fn tanh_nonnegative(a: F) -> F {
    let t = expm1_nonpositive(-2.0 * a);
    return -t / (2.0 + t);
}

// x coth(x) - 1 for |x| <= 1.5, given z = x^2: tanh(x) = x / (1 + it), x - tanh(x) = x it / (1 + it). Error 2^-29.5.
fn coth_rest(z: F) -> F {
    // The constant term, near 1/3, is a sum of two f32: its error would be the largest.
    let low = -0x1.636b0cp-27f + z * (-0x1.6c16aep-6f + z * (0x1.156256p-9f + z * (-0x1.bb1cc8p-13f + z * (0x1.5f118p-16f + z * (-0x1.f126f8p-20f + z * 0x1.bbb332p-24f)))));
    return z * (0x1.555556p-2f + launder(low));
}
