// tanh_shrink(x) = x - tanh(x), near 0 as x * rest / (1 + rest) with rest = x coth(x) - 1: the difference would cancel.
fn tanh_shrink_forward(x: F) -> F {
    let a = abs(x);
    let rest = coth_rest(a * a);
    let near = a * rest / (1.0 + rest);
    let far = a - tanh_nonnegative(a);
    return nan_of(copy_sign(select(far, near, a < F(1.5)), x), x);
}

fn tanh_shrink_derivative(x: F) -> F {
    let a = abs(x);
    let near = a / (1.0 + coth_rest(a * a));
    let far = 1.0 - times_sigmoid_derivative(F(4.0), exp_of(-2.0 * min(a, F(40.0))));
    return nan_of(select(far, near * near, a < F(1.5)), x);
}
