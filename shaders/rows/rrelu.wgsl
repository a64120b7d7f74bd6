// leaky_relu with a drawn slope.
fn compute_places(p: RowPlace) {
    store_y(p, leaky(load_x(p), slopes_of(p)));
}
