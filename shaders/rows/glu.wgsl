// y = g(a) · b.
fn compute_places(p: RowPlace) {
    store_y(p, gate_of(load_a(p)) * load_b(p));
}
