// exp(s) near a point s0 where a derivative changes sign, and away from it.
struct ExpAbout {
    // Whether s is so far left of s0 that plain sums do not cancel.
    far: B,
    // exp(s), and exp(s) - exp(s0) free of cancellation.
    value: F,
    difference: F,
    p: F,
    k: F,
    mantissa: F,
}

// For -170 <= s <= 0 given as s_hi + s_lo, and d = s - s0 accurate where it is small. s0 lies between -2.2 and -1; its exponential
// is a sum of two f32.
fn exp_about(s_hi: F, s_lo: F, d: F, exp_s0_hi: f32, exp_s0_lo: f32) -> ExpAbout {
    let far = d < F(-0.75);
    let near_reduced = reduce(d);
    let far_reduced = reduce_pair(s_hi, s_lo);
    let k = select(near_reduced.k, far_reduced.k, far);
    let p = expm1_reduced(select(near_reduced.r, far_reduced.r, far));
    let base_hi = select(F(exp_s0_hi), F(1.0), far);
    let base_lo = select(F(exp_s0_lo), F(0.0), far);
    let mantissa = base_hi + fma(base_hi, p, base_lo);
    let power = pow2(I(max(near_reduced.k, F(-2.0))));
    let near = exp_s0_hi * fma(power, p, power - 1.0);
    let value = exp_value(scaled(mantissa, k));
    return ExpAbout(far, value, select(near, value - exp_s0_hi, far), p, k, mantissa);
}

// factor * exp(s) for a normal factor.
fn times_exp_about(factor: F, e: ExpAbout) -> F {
    return exp_value(scaled(select(factor * e.mantissa, fma(factor, e.p, factor), e.far), e.k));
}
