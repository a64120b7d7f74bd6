// A product of gradient and derivatives, given the largest magnitude of its factors: a zero wins over an infinity, and NaN over both.
// The product of those two is NaN, and nothing else makes a NaN of factors that are none.
fn chain_rule(product: F, largest: U) -> F {
    return select(product, F(0.0), (magnitude(product) > U(INFINITY_BITS)) & (largest <= U(INFINITY_BITS)));
}
