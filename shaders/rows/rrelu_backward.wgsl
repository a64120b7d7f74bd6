// The gradient of x, with the slopes of the forward pass.
fn compute_places(p: RowPlace) {
    store_dx(p, leaky_back(load_x(p), slopes_of(p), load_grad(p)));
}
