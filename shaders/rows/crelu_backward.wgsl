// The gradient of the one that is not 0. No product: a zero slope wins over an infinity.
fn compute_places(p: RowPlace) {
    let x = load_x(p);
    let positive = load_positive(p);
    let negative = load_negative(p);
    let dx = select(select(F(0.0), -negative, x < F(0.0)), positive, x > F(0.0));
    store_dx(p, nan_of(nan_of(nan_of(dx, negative), positive), x));
}
