// x, or slope · x where it is not positive. A slope of 0 maps -infinity to 0, its limit.
fn leaky(x: F, slope: F) -> F {
    let left = chain_rule(slope * x, max(magnitude(slope), magnitude(x)));
    return nan_of(select(left, x, x > F(0.0)), x);
}

// grad times the derivative, which is the slope at 0.
fn leaky_back(x: F, slope: F, grad: F) -> F {
    let derivative = nan_of(select(slope, F(1.0), x > F(0.0)), x);
    return chain_rule(grad * derivative, max(magnitude(grad), magnitude(derivative)));
}
