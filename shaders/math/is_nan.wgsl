// NaN by its bits: compilers fold x != x to false.
fn is_nan(x: F) -> B {
    return (bitcast<U>(x) & U(0x7fffffffu)) > U(0x7f800000u);
}

// result, but x where x is NaN.
fn nan_of(result: F, x: F) -> F {
    return select(result, x, is_nan(x));
}
