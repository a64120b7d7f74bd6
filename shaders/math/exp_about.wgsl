// exp(s), and exp(s - s0) - 1 without cancellation.
struct ExpAbout {
    e: Exp,
    growth: F,
}

// For -170 <= s <= 0 given as s_hi + s_lo, and d = s - s0 accurate where it is small. s0 lies between -2.2 and -1; it and its
// exponential are sums of two f32.
fn exp_about(s_hi: F, s_lo: F, d: F, s0_hi: f32, s0_lo: f32, exp_s0_hi: f32, exp_s0_lo: f32) -> ExpAbout {
    let k = round(d * LOG2_E);
    // Left of s0 the remainder comes from s, whose difference with k ln 2 is exact; else d is more accurate.
    let far = launder(launder(fma(k, F(-LN2_HI), s_hi)) - s0_hi) + (fma(k, F(-LN2_LO), s_lo) - s0_lo);
    let near = fma(k, F(-LN2_LO), launder(fma(k, F(-LN2_HI), d)));
    let p = expm1_reduced(select(near, far, k < F(0.0)));
    let e = scaled(exp_s0_hi + fma(F(exp_s0_hi), p, F(exp_s0_lo)), k);
    let power = pow2(I(max(k, F(-100.0))));
    return ExpAbout(e, fma(power, p, power - 1.0));
}
