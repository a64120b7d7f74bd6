// relu of x and of -x.
fn compute_places(p: RowPlace) {
    let x = load_x(p);
    store_positive(p, nan_of(max(x, F(0.0)), x));
    store_negative(p, nan_of(max(-x, F(0.0)), x));
}
