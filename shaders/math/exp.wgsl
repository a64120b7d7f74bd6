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

// exp(x) for -130 <= x <= 0 where it is added to something of 1 or more.
fn exp_added(e: Exp) -> F {
    return times_pow2_nonpositive(exp_mantissa(e), e.k);
}

// factor * exp(x) for a normal factor: one rounding less than the product, and right where it is a normal number though exp(x) is
// not.
fn exp_times(e: Exp, factor: F) -> F {
    return times_pow2(fma(factor, e.p, factor), e.k);
}

// As exp_times for -130 <= x <= 0.
fn exp_times_nonpositive(e: Exp, factor: F) -> F {
    return times_pow2_nonpositive(fma(factor, e.p, factor), e.k);
}

// As exp_times where k + raised is -127 at least, with 0 for 2^-127: where a product that is then subnormal may be taken for 0. factor is
// times 2^-raised.
fn exp_times_flushed(e: Exp, factor: F, raised: u32) -> F {
    return fma(factor, e.p, factor) * pow2_raised(e.k, raised);
}

// Bits whose lowest nine are those of an integral k, |k| < 2^22, without the conversion, which is guarded against numbers that no integer
// holds. The others are none that a shift by 23 keeps, not even halved.
fn whole_bits(k: F) -> U {
    return bitcast<U>(k + 0x1.8p+23f);
}

// 2^k from the bits of k, for -126 <= k <= 127.
fn pow2_of_bits(k: U) -> F {
    return bitcast<F>((k << U(23u)) + U(0x3f800000u));
}

// 2^k for -126 <= k <= 127.
fn pow2(k: I) -> F {
    return bitcast<F>((k + I(127)) << U(23u));
}

// 2^k for integral -126 <= k <= 127.
fn pow2_of(k: F) -> F {
    return pow2_of_bits(whole_bits(k));
}

// 2^(k + raised) for integral k where that is 2^-126 to 2^127, and 0 for 2^-127.
fn pow2_raised(k: F, raised: u32) -> F {
    return bitcast<F>((whole_bits(k) << U(23u)) + U(0x3f800000u + (raised << 23u)));
}

// x * 2^k for a normal x and integral -250 <= k <= 250, in two normal factors.
fn times_pow2(x: F, k: F) -> F {
    let whole = whole_bits(k);
    let half = whole >> U(1u);
    return x * pow2_of_bits(half) * pow2_of_bits(whole - half);
}

// The same for -190 <= k <= 0, and |x| below 2^63. 2^-64 is from bits that only exist at run time: the compiler would multiply x by a
// constant first, which may leave nothing of it.
fn times_pow2_nonpositive(x: F, k: F) -> F {
    return x * pow2_raised(k, 64u) * bitcast<F>(U(0x1f800000u ^ zero_bits()));
}

// exp(r) - 1 = r + EXPM1_2 r^2 + ... for |r| <= 0.348. Error 2^-28.2 of exp(r).
const EXPM1_2: f32 = 0x1.fffffcp-2f;
const EXPM1_3: f32 = 0x1.55548ep-3f;
const EXPM1_4: f32 = 0x1.5558ap-5f;
const EXPM1_5: f32 = 0x1.123c5ep-7f;
const EXPM1_6: f32 = 0x1.6a6316p-10f;

fn expm1_reduced(r: F) -> F {
    // Two short chains, because llvmpipe has no other work for the time that a long one takes.
    let z = r * r;
    let low = EXPM1_2 + r * EXPM1_3;
    let high = EXPM1_4 + r * EXPM1_5 + z * EXPM1_6;
    return fma(z, low + z * high, r);
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
