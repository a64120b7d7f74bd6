// exp: Cody-Waite reduction to 2^k exp(r), |r| <= ln2/2, and a polynomial of degree 6 (scripts/coefficients.sollya).

const LOG2_E: f32 = 0x1.715476p+0f;
// ln 2 in 15 bits, so that its product with any k here is exact, and the rest.
const LN2_HI: f32 = 0x1.62e4p-1f;
const LN2_LO: f32 = 0x1.7f7d1cp-20f;

// exp(x) = 2^k (1 + p).
struct Exp {
    p: F,
    k: F,
}

fn exp_value(e: Exp) -> F {
    return times_pow2(exp_mantissa(e), e.k);
}

// 1 + p. Laundered: else llvmpipe moves the 1 inward, (r + 1) + r^2 q, which costs half an ULP.
fn exp_mantissa(e: Exp) -> F {
    return launder(e.p) + 1.0;
}

// exp(x) where it is added to something of 1 or more: from 2^-126 down it may be anything small, which spares a factor.
fn exp_added(e: Exp) -> F {
    return exp_mantissa(e) * pow2(I(max(e.k, F(-126.0))));
}

// factor * exp(x) for a normal factor: one rounding less than the product, and right where it is a normal number though exp(x) is
// not.
fn exp_times(e: Exp, factor: F) -> F {
    return times_pow2(fma(factor, e.p, factor), e.k);
}

// 2^k for integral -126 <= k <= 127.
fn pow2(k: I) -> F {
    return bitcast<F>((k + I(127)) << U(23u));
}

// x * 2^k for a normal x and integral -250 <= k <= 250, in two normal factors.
fn times_pow2(x: F, k: F) -> F {
    let whole = I(k);
    let half = whole >> U(1u);
    return x * pow2(half) * pow2(whole - half);
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
fn exp_of(x: F) -> Exp {
    let reduced = reduce(x);
    return Exp(expm1_reduced(reduced.r), reduced.k);
}

// exp(hi + lo) for -170 <= hi + lo <= 90.
fn exp_pair(hi: F, lo: F) -> Exp {
    let reduced = reduce_pair(hi, lo);
    return Exp(expm1_reduced(reduced.r), reduced.k);
}

// exp(x) for every x: 0 and infinity where it leaves the range.
fn exp_any(x: F) -> F {
    let value = exp_value(exp_of(clamp(x, F(-120.0), F(88.8))));
    return select(value, infinity(), x > F(0x1.62e42ep+6f));
}
