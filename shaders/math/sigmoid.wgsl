// The logistic function from the exponential that it is made of.

// x * sigmoid(s), given whether s >= 0 and e = exp(-|s|): x / (1 + e) or x e / (1 + e). x must be finite where s < 0.
fn times_sigmoid(x: F, positive: B, e: Exp) -> F {
    let numerator = x * select(e.mantissa, F(1.0), positive);
    return numerator / (1.0 + exp_value(e)) * select(e.pow2, F(1.0), positive);
}

// (1 + e)^2 with one rounding that counts.
fn square_of_one_plus(e: F) -> F {
    return fma(e, e + 2.0, F(1.0));
}

// factor * sigmoid'(s) = factor * e / (1 + e)^2, given e = exp(-|s|).
fn times_sigmoid_derivative(factor: F, e: Exp) -> F {
    return factor * e.mantissa / square_of_one_plus(exp_value(e)) * e.pow2;
}

// The derivative of x * sigmoid(s(x)): sigmoid(s) (1 + x s'(x) sigmoid(-s)).
// positive: whether s >= 0; e: exp(-|s|); product: x s'(x), finite; from_root: where s < 0, 1 + e + product, free of cancellation
// at its root.
fn gate_derivative(positive: B, e: ExpAbout, product: F, from_root: F) -> F {
    let value = e.value;
    let sum = 1.0 + value;
    let gate = select(value, F(1.0), positive) / sum;
    let rest = select(F(1.0), value, positive) / sum;
    let near = gate * (1.0 + product * rest);
    let factor = from_root / square_of_one_plus(value);
    // The first form has fewer roundings, until its sum begins to cancel.
    return select(times_exp_about(factor, e), near, product > F(-0.7));
}
