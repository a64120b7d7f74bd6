// exp(x) - 1 as 2^k (exp(r) - 1) + (2^k - 1), which does not cancel.

// For every x.
fn expm1_any(x: F) -> F {
    let reduced = reduce(clamp(x, F(-40.0), F(88.8)));
    // Half the power of two: 2^128 is no f32.
    let half = pow2_of(reduced.k - 1.0);
    let sum = fma(half, expm1_reduced(reduced.r), half - 0.5);
    return select(sum + sum, infinity(), x > F(0x1.62e42ep+6f));
}

// For x <= 0. Limited as for exp_of, so that a kernel which needs both reduces x once.
fn expm1_nonpositive(x: F) -> F {
    let reduced = reduce(max(x, F(-120.0)));
    let power = pow2_of(max(reduced.k, F(-100.0)));
    return fma(power, expm1_reduced(reduced.r), power - 1.0);
}

// exp(hi + lo) - 1 for -120 <= hi + lo <= 0.
fn expm1_pair(hi: F, lo: F) -> F {
    let reduced = reduce_pair(hi, lo);
    let power = pow2_of(max(reduced.k, F(-100.0)));
    return fma(power, expm1_reduced(reduced.r), power - 1.0);
}

// exp(x) and exp(x) - 1, each accurate, for -80 <= x <= 0.
struct ExpAndExpm1 {
    exp: F,
    expm1: F,
}

fn exp_and_expm1(x: F) -> ExpAndExpm1 {
    let reduced = reduce(x);
    let p = expm1_reduced(reduced.r);
    let power = pow2_of(reduced.k);
    return ExpAndExpm1(fma(power, p, power), fma(power, p, power - 1.0));
}

// (exp(x) - 1 - x) / x^2 for -1 <= x <= 0: its Taylor series, whose error at -1 is 2^-26.
fn expm1_rest(x: F) -> F {
    return 0x1p-1f + x * (0x1.555556p-3f + x * (0x1.555556p-5f + x * (0x1.111112p-7f + x * (0x1.6c16c2p-10f
        + x * (0x1.a01a02p-13f + x * (0x1.a01a02p-16f + x * (0x1.71de3ap-19f + x * (0x1.27e4fcp-22f + x * 0x1.ae6456p-26f))))))));
}
