// x, hidden from the compiler: without it (a + b) - a becomes b, and (x + c1) + c2 becomes x + (c1 + c2).
// The kernel provides zero_bits(), a zero that only exists at run time.
fn launder(x: F) -> F {
    return bitcast<F>(bitcast<U>(x) ^ U(zero_bits()));
}
