// grad * derivative, where a zero wins over an infinity and NaN over everything.
fn chain_rule(grad: F, derivative: F) -> F {
    let product = select(grad * derivative, F(0.0), (grad == F(0.0)) | (derivative == F(0.0)));
    return nan_of(nan_of(product, derivative), grad);
}
