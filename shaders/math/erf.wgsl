// erf(a) for a >= 0: an odd polynomial below 1, 1 - erfc(a) above, with erfc from the tail of the normal distribution.
fn erf_nonnegative(a: F) -> F {
    let z = a * a;
    let small = a * (0x1.20dd74p+0f + z * (-0x1.8126d2p-2f + z * (0x1.ce1fcep-4f + z * (-0x1.b7480ep-6f + z * (0x1.4f7c3cp-8f
        + z * (-0x1.874dbp-11f + z * 0x1.03a052p-14f))))));
    let t = min(a, F(6.0)) * 0x1.6a09e6p+0f;
    let v = tail_variable(t, t);
    let tail = exp_times_flushed(exp_of_square(t, -0.5), (1.0 - v) * tail_ratio(v), 0u);
    return select(1.0 - (tail + tail), small, a < F(1.0));
}
