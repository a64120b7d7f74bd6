// exp: Cody-Waite reduction to 2^k exp(r), |r| <= ln2/2, and a polynomial of degree 6 (scripts/coefficients.sollya).

const LOG2_E: f32 = 0x1.715476p+0f;
// ln 2 in 15 bits, so that its product with any k here is exact, and the rest.
const LN2_HI: f32 = 0x1.62e4p-1f;
const LN2_LO: f32 = 0x1.7f7d1cp-20f;

// exp(x) = mantissa * pow2; the mantissa is a normal number also where exp(x) is not, for results such as x * exp(x).
struct Exp {
    mantissa: F,
    pow2: F,
}

fn exp_value(e: Exp) -> F {
    return e.mantissa * e.pow2;
}

// 2^k for integral -126 <= k <= 127.
fn pow2(k: I) -> F {
    return bitcast<F>((k + I(127)) << U(23u));
}

// mantissa * 2^k for integral -252 <= k <= 254, in two normal factors.
fn scaled(mantissa: F, k: F) -> Exp {
    let whole = I(k);
    let half = whole >> U(1u);
    return Exp(mantissa * pow2(half), pow2(whole - half));
}

// exp(r) - 1 for |r| <= 0.348. Error 2^-28.2 of exp(r).
fn expm1_reduced(r: F) -> F {
    let q = 0x1.fffffcp-2f + r * (0x1.55548ep-3f + r * (0x1.5558ap-5f + r * (0x1.123c5ep-7f + r * 0x1.6a6316p-10f)));
    return fma(r * r, q, r);
}

// x = k ln 2 + r.
struct Reduced {
    k: F,
    r: F,
}

fn reduce(x: F) -> Reduced {
    let k = round(x * LOG2_E);
    return Reduced(k, fma(k, F(-LN2_LO), launder(fma(k, F(-LN2_HI), x))));
}

// As reduce for x = hi + lo, |lo| below about |hi| 2^-10.
fn reduce_pair(hi: F, lo: F) -> Reduced {
    let k = round((hi + lo) * LOG2_E);
    return Reduced(k, launder(fma(k, F(-LN2_HI), hi)) + fma(k, F(-LN2_LO), lo));
}

// exp(x) for -170 <= x <= 90.
fn exp_scaled(x: F) -> Exp {
    let reduced = reduce(x);
    return scaled(expm1_reduced(reduced.r) + 1.0, reduced.k);
}

// exp(hi + lo) for -170 <= hi + lo <= 90.
fn exp_pair(hi: F, lo: F) -> Exp {
    let reduced = reduce_pair(hi, lo);
    return scaled(expm1_reduced(reduced.r) + 1.0, reduced.k);
}

// factor * exp(x) for a normal factor and -170 <= x <= 90: one rounding less than the product.
fn times_exp(factor: F, x: F) -> Exp {
    let reduced = reduce(x);
    return scaled(fma(factor, expm1_reduced(reduced.r), factor), reduced.k);
}

// As times_exp for exp(hi + lo).
fn times_exp_pair(factor: F, hi: F, lo: F) -> Exp {
    let reduced = reduce_pair(hi, lo);
    return scaled(fma(factor, expm1_reduced(reduced.r), factor), reduced.k);
}

// exp(x) for every x: 0 and infinity where it leaves the range.
fn exp_any(x: F) -> F {
    let value = exp_value(exp_scaled(clamp(x, F(-120.0), F(88.8))));
    return select(value, infinity(), x > F(0x1.62e42ep+6f));
}
