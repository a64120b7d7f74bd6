// The gradient of x, and what the element adds to that of its slope.
fn compute_places(p: RowPlace) {
    let x = load_x(p);
    let grad = load_grad(p);
    let left = nan_of(select(F(0.0), x, x < F(0.0)), x);
    store_dx(p, leaky_back(x, slopes_of(p), grad));
    store_terms(p, chain_rule(grad * left, max(magnitude(grad), magnitude(left))));
}
