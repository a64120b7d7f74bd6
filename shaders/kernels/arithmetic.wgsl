// The larger one; NaN where either is.
fn larger(a: F, b: F) -> F {
    return nan_of(nan_of(select(a, b, a < b), b), a);
}

// The smaller one; NaN where either is.
fn smaller(a: F, b: F) -> F {
    return nan_of(nan_of(select(a, b, b < a), b), a);
}

// What a gets of the gradient of the larger of a and b: half of it where they are equal.
fn share_of_larger(grad: F, a: F, b: F) -> F {
    return select(select(grad, F(0.5) * grad, a == b), F(0.0), a < b);
}
