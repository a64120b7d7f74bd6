// The gradient from the output y: softmax: y (grad - sum of grad y) / T; log_softmax: (grad - exp(y) sum of grad) / T. x is y here.

fn softmax_term(y: F, grad: F) -> F {
    return y * grad;
}

fn log_softmax_term(y: F, grad: F) -> F {
    return grad;
}

fn gather(run: Run, local: u32) -> State {
    let lane = local % LANES;
    let vectors = (run.count + 3u) / 4u;
    var total = Total(F(0.0), F(0.0));
    var bits = U(0u);
    // All bits that y has anywhere, but the sign.
    var y_bits = U(0u);
    var j = lane;
    for (; j + 3u * LANES < vectors; j += 4u * LANES) {
        let ya = load_x(run, j, F(0.0));
        let yb = load_x(run, j + LANES, F(0.0));
        let yc = load_x(run, j + 2u * LANES, F(0.0));
        let yd = load_x(run, j + 3u * LANES, F(0.0));
        let ga = load_grad(run, j, F(0.0));
        let gb = load_grad(run, j + LANES, F(0.0));
        let gc = load_grad(run, j + 2u * LANES, F(0.0));
        let gd = load_grad(run, j + 3u * LANES, F(0.0));
        total = add(total, (@term(ya, ga) + @term(yb, gb)) + (@term(yc, gc) + @term(yd, gd)));
        y_bits = max(y_bits, max(max(magnitude(ya), magnitude(yb)), max(magnitude(yc), magnitude(yd))));
        bits = max(bits, max(max(magnitude(ga), magnitude(gb)), max(magnitude(gc), magnitude(gd))));
    }
    for (; j < vectors; j += LANES) {
        let y = load_x(run, j, F(0.0));
        let grad = load_grad(run, j, F(0.0));
        total = add(total, @term(y, grad));
        y_bits = max(y_bits, magnitude(y));
        bits = max(bits, magnitude(grad));
    }
    let sum = group_sum(local, across(total.sum));
    let largest_y = group_bits(local, largest_bits(y_bits));
    return State(bitcast<f32>(largest_y), sum, max(largest_y, group_bits(local, largest_bits(bits))));
}
