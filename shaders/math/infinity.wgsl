// Infinity from bits that only exist at run time: it cannot be written as a literal.
fn infinity() -> F {
    return bitcast<F>(U(0x7f800000u ^ zero_bits()));
}
