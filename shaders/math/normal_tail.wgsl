// The upper tail of the normal distribution, through exp(-t^2/2) and a polynomial of degree 9 (scripts/coefficients.sollya).

// exp(scale * t^2) for a scale of -1 or -1/2, where that is 2^-132 or more: t is cut after 12 bits, so that its square is exact.
fn exp_of_square(t: F, scale: f32) -> Exp {
    let t_hi = high_bits(t);
    let k = round(t * t * (scale * LOG2_E));
    // As reduce_pair, for the exponent divided by the scale: a multiple of ln2 that is as exact as ln2, and two products less.
    let r = launder(fma(k, F(-LN2_HI / scale), t_hi * t_hi)) + fma(k, F(-LN2_LO / scale), (t - t_hi) * (t + t_hi));
    // The polynomial of expm1_reduced in scale * r. One chain: llvmpipe's compiler runs out of registers for two beside that of the factor.
    let s2 = scale * scale;
    return Exp(r * (scale + r * (EXPM1_2 * s2 + r * (EXPM1_3 * s2 * scale
        + r * (EXPM1_4 * s2 * s2 + r * (EXPM1_5 * s2 * s2 * scale + r * (EXPM1_6 * s2 * s2 * s2)))))), k);
}

// v = t / (t + 4), from 0 at t = 0 to 0.78 at 14.6. a is t, but where t is a limit beyond which v does not matter: it may be larger
// there, and v is NaN where a is.
fn tail_variable(t: F, a: F) -> F {
    return t / (a + 4.0);
}

// The variable that the polynomials in v are written in.
fn tail_centred(v: F) -> F {
    return 0.4375 - v;
}

// (1 - Phi(t)) * exp(t^2/2) / (1 - v), given v of t. Error 2^-26.3.
fn tail_ratio(v: F) -> F {
    let z = tail_centred(v);
    // The higher powers two by two, for a shorter chain.
    let y = z * z;
    let high = (0x1.06e15ap-2f + z * 0x1.204c4ep-5f)
        + y * ((-0x1.399a4cp-4f + z * -0x1.58ffe8p-5f) + y * (0x1.56e346p-6f + z * 0x1.151766p-6f));
    let rest = (0x1.d9fd04p-2f + z * 0x1.bdf43cp-2f) + y * high;
    return 0x1.ace714p-3f + z * (0x1.6d84e4p-2f + z * rest);
}
