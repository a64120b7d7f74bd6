// tanh through expm1.

// tanh(a) for a >= 0: -t / (2 + t) with t = exp(-2a) - 1.
fn tanh_nonnegative(a: F) -> F {
    let t = expm1_nonpositive(-2.0 * a);
    return -t / (2.0 + t);
}
