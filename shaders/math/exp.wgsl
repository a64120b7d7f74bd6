// exp and expm1: Cody-Waite reduction to 2^k exp(r), |r| <= ln2/2, and a polynomial of degree 6 (scripts/coefficients.sollya).

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
fn scaled(mantissa: F, k: I) -> Exp {
    let half = k >> U(1u);
    return Exp(mantissa * pow2(half), pow2(k - half));
}

// exp(r) - 1 for |r| <= 0.348. Error 2^-28.2 of exp(r).
fn expm1_reduced(r: F) -> F {
    let q = 0x1.fffffcp-2f + r * (0x1.55548ep-3f + r * (0x1.5558ap-5f + r * (0x1.123c5ep-7f + r * 0x1.6a6316p-10f)));
    return fma(r * r, q, r);
}

// exp(hi + lo) for -120 <= hi + lo <= 90, |lo| below about |hi| 2^-10.
fn exp_pair(hi: F, lo: F) -> Exp {
    let k = round((hi + lo) * LOG2_E);
    let r = launder(fma(k, F(-LN2_HI), hi)) + fma(k, F(-LN2_LO), lo);
    return scaled(expm1_reduced(r) + 1.0, I(k));
}

// exp(x) for -120 <= x <= 90.
fn exp_scaled(x: F) -> Exp {
    let k = round(x * LOG2_E);
    let r = fma(k, F(-LN2_LO), launder(fma(k, F(-LN2_HI), x)));
    return scaled(expm1_reduced(r) + 1.0, I(k));
}

// exp(x) for -87 <= x <= 88: where its smallest values only are added to something larger.
fn exp_normal(x: F) -> F {
    let k = round(x * LOG2_E);
    let r = fma(k, F(-LN2_LO), launder(fma(k, F(-LN2_HI), x)));
    return (expm1_reduced(r) + 1.0) * pow2(I(k));
}
