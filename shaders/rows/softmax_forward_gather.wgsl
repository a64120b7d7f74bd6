// What counts of a row for softmax: its maximum, the sum of the exponentials, and whether there is NaN.
fn gather(run: Run, local: u32) -> State {
    let lane = local % LANES;
    let vectors = (run.count + 3u) / 4u;
    var tops = -infinity();
    var bits = U(0u);
    var j = lane;
    for (; j + 3u * LANES < vectors; j += 4u * LANES) {
        let a = load_x(run, j, no_element());
        let b = load_x(run, j + LANES, no_element());
        let c = load_x(run, j + 2u * LANES, no_element());
        let d = load_x(run, j + 3u * LANES, no_element());
        tops = max(tops, max(max(signed(a), signed(b)), max(signed(c), signed(d))));
        bits = max(bits, max(max(magnitude(a), magnitude(b)), max(magnitude(c), magnitude(d))));
    }
    for (; j < vectors; j += LANES) {
        let a = load_x(run, j, no_element());
        tops = max(tops, signed(a));
        bits = max(bits, magnitude(a));
    }
    let top = group_max(local, largest(tops));
    let m = F(reference(top));
    var total = Total(F(0.0), F(0.0));
    j = lane;
    for (; j + 3u * LANES < vectors; j += 4u * LANES) {
        let a = exp_below(signed(load_x(run, j, no_element())), m);
        let b = exp_below(signed(load_x(run, j + LANES, no_element())), m);
        let c = exp_below(signed(load_x(run, j + 2u * LANES, no_element())), m);
        let d = exp_below(signed(load_x(run, j + 3u * LANES, no_element())), m);
        total = add(total, (a + b) + (c + d));
    }
    for (; j < vectors; j += LANES) {
        total = add(total, exp_below(signed(load_x(run, j, no_element())), m));
    }
    return State(top, group_sum(local, across(total.sum)), group_bits(local, largest_bits(bits)));
}
