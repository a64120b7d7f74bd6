// log and log1p through log(1 + f) = 2 atanh(s), s = f / (2 + f) (scripts/coefficients.sollya).

// log(1 + t) for 0 <= t <= 1. Error of the polynomial 2^-33.
fn log1p_unit(t: F) -> F {
    let s = t / (2.0 + t);
    let z = s * s;
    let rest = z * (0x1.555558p-1f + z * (0x1.9996d8p-2f + z * (0x1.25051ap-2f + z * (0x1.b729b2p-3f + z * 0x1.f0977ap-3f))));
    // 2s = t - s t: written so that the error of s counts a third.
    return t - s * (t - rest);
}

// A positive normal number as 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2).
struct SplitExponent {
    k: F,
    f: F,
}

fn split_exponent(x: F) -> SplitExponent {
    let offset = bitcast<I>(x) - I(0x3f3504f3);
    let mantissa = bitcast<F>((offset & I(0x007fffff)) + I(0x3f3504f3));
    return SplitExponent(F(offset >> U(23u)), mantissa - 1.0);
}

// k ln 2 + log(1 + f) + c for the f of split_exponent and a small c. Error of the polynomial 2^-35.
fn log_of_parts(k: F, f: F, c: F) -> F {
    let s = f / (2.0 + f);
    let z = s * s;
    let rest = z * (0x1.555554p-1f + z * (0x1.999bd2p-2f + z * (0x1.23f252p-2f + z * 0x1.ec004ep-3f)));
    let tail = launder(k * LN2_LO + c) - s * (f - rest);
    return k * LN2_HI + launder(f + tail);
}

// log(x) for every x: minus infinity at 0, NaN below.
fn log_any(x: F) -> F {
    let subnormal = x < F(0x1p-126f);
    let parts = split_exponent(select(x, x * 0x1p+25f, subnormal));
    let result = log_of_parts(select(parts.k, parts.k - 25.0, subnormal), parts.f, F(0.0));
    return select(select(select(result, infinity(), x > F(0x1.fffffep+127f)), -infinity(), x == F(0.0)), nan(), x < F(0.0));
}

// log(1 + x) for every x: minus infinity at -1, NaN below.
fn log1p_any(x: F) -> F {
    let u = launder(1.0 + x);
    // What the rounding of 1 + x has lost; exact.
    let c = x - launder(u - 1.0);
    let parts = split_exponent(u);
    let result = log_of_parts(parts.k, parts.f, c / u);
    let kept = (x == F(0.0)) | (x > F(0x1.fffffep+127f));
    return select(select(select(result, x, kept), -infinity(), u == F(0.0)), nan(), u < F(0.0));
}
