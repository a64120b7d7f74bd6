// exp by Cody-Waite reduction, x = k ln 2 + r with ln 2 in two parts, once as it is written in books and once with the first
// difference laundered: a compiler that joins the two constants loses the low part.
const LOG2_E: f32 = 0x1.715476p+0f;
// 15 bits, so that the product with any k here is exact.
const LN2_HI: f32 = 0x1.62e4p-1f;
const LN2_LO: f32 = 0x1.7f7d1cp-20f;

fn exp_plain(x: f32) -> f32 {
    let k = round(x * LOG2_E);
    return exp_of_parts(k, fma(k, -LN2_LO, fma(k, -LN2_HI, x)));
}

fn exp_laundered(x: f32) -> f32 {
    let k = round(x * LOG2_E);
    return exp_of_parts(k, fma(k, -LN2_LO, launder(fma(k, -LN2_HI, x))));
}

// 2^k exp(r) for -126 <= k <= 127 and |r| <= 0.35, by the Taylor series: its error is 2^-27.
fn exp_of_parts(k: f32, r: f32) -> f32 {
    let rest = 0x1p-1f + r * (0x1.555556p-3f + r * (0x1.555556p-5f + r * (0x1.111112p-7f + r * (0x1.6c16c2p-10f + r * 0x1.a01a02p-13f))));
    return bitcast<f32>((i32(k) + 127) << 23u) * (1.0 + fma(r * r, rest, r));
}
