// leaky_relu with a slope for each channel; rows are lines of one channel.
fn compute_places(p: RowPlace) {
    store_y(p, leaky(load_x(p), slopes_of(p)));
}
