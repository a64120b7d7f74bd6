const INFINITY_BITS: u32 = 0x7f800000u;

// The bits of |x|: in the order of the magnitudes, NaN above all.
fn magnitude(x: F) -> U {
    return bitcast<U>(x) & U(0x7fffffffu);
}

// NaN by its bits: compilers fold x != x to false.
fn is_nan(x: F) -> B {
    return magnitude(x) > U(INFINITY_BITS);
}

// result, but x where x is NaN.
fn nan_of(result: F, x: F) -> F {
    return select(result, x, is_nan(x));
}

// Infinity and NaN, from bits that only exist at run time: they cannot be written as literals.
fn infinity() -> F {
    return bitcast<F>(U(INFINITY_BITS ^ zero_bits()));
}

fn nan() -> F {
    return bitcast<F>(U(0x7fc00000u ^ zero_bits()));
}

// x, hidden from the compiler: without it (a + b) - a becomes b, and (x + c1) + c2 becomes x + (c1 + c2).
// The kernel provides zero_bits(), a zero that only exists at run time.
fn launder(x: F) -> F {
    return bitcast<F>(bitcast<U>(x) ^ U(zero_bits()));
}

// x cut after 12 significant bits, so that the product of two such numbers is exact.
fn high_bits(x: F) -> F {
    return bitcast<F>(bitcast<U>(x) & U(0xfffff000u));
}

// The magnitude of x with the sign of s. Not by putting bits together: LLVM 15 makes a vpternlogd of that with its operands in the wrong
// order at times, where the processor has AVX-512.
fn copy_sign(x: F, s: F) -> F {
    let magnitude = abs(x);
    return select(magnitude, -magnitude, bitcast<I>(s) < I(0));
}
