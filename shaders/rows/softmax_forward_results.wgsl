// What a row's results are made of: the reference, 1 / sum or log(sum), and what stands in the place of all results.
struct Row {
    m: F,
    factor: f32,
    log_sum: F,
    replaced: bool,
    replacement: F,
}

fn row_of(state: State) -> Row {
    let m = F(reference(state.value));
    let one = select(0.0, exp_below(F(0.0), m).x, flag(FLAG_ONE));
    let sum = state.sum + one;
    let top = bitcast<u32>(state.value);
    let masked = (top == 0xff800000u) & !flag(FLAG_ONE);
    // NaN anywhere, or plus infinity.
    let lost = (state.bits > INFINITY_BITS) | (top == INFINITY_BITS);
    let zeros = masked & !lost & flag(FLAG_ZEROS);
    return Row(m, 1.0 / sum, log_any(F(sum)), lost | masked, select(nan(), F(0.0), zeros));
}

fn softmax_value(run: Run, j: u32, row: Row) -> F {
    let value = exp_below(signed(load_x(run, j, no_element())), row.m) * row.factor;
    return select(value, row.replacement, row.replaced);
}

fn log_softmax_value(run: Run, j: u32, row: Row) -> F {
    let u = signed(load_x(run, j, no_element()));
    let exponent = below(u, row.m);
    let near = (exponent.hi - row.log_sum) + exponent.lo;
    // By halves: u - m may leave the range where (u - m) / T does not.
    let half = (0.5 * u - 0.5 * row.m) * params.inverse;
    let value = select(near, (half + half) - row.log_sum, exponent.hi < F(-115.0));
    return select(value, row.replacement, row.replaced);
}
