// softmax: exp((u - m) / T) / sum of the same, with the maximum m of the row; log_softmax: (u - m) / T - log(sum). u is x or -x.
// The difference u - m keeps what its rounding loses: at -87 that would be 64 ULP of the exponential.

fn signed(x: F) -> F {
    return bitcast<F>(bitcast<U>(x) ^ U(params.sign));
}

// (u - m) / T for u <= m; below -115 roughly.
fn below(u: F, m: F) -> Pair {
    let d = launder(u - m);
    let u_larger = abs(u) > abs(m);
    let larger = select(-m, u, u_larger);
    let smaller = select(u, -m, u_larger);
    let rest = smaller - launder(d - larger);
    let product = product_pair(params.inverse_hi, params.inverse_lo, d);
    let lo = product.lo + rest * params.inverse_hi;
    let far = product.hi < F(-115.0);
    return Pair(product.hi, select(lo, F(0.0), far));
}

fn exp_below(u: F, m: F) -> F {
    let exponent = below(u, m);
    return exp_value(exp_pair(max(exponent.hi, F(-120.0)), exponent.lo));
}

// What is subtracted for the maximum of a row: finite where the row is fit for anything but NaN.
fn reference(top: f32) -> f32 {
    return max(select(top, max(top, 0.0), flag(FLAG_ONE)), -0x1.fffffep+127f);
}

fn no_element() -> F {
    return bitcast<F>(bitcast<U>(-infinity()) ^ U(params.sign));
}
