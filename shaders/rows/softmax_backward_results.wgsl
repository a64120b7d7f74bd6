// The gradient of a row's elements, given the sum over the row.
struct Row {
    sum: f32,
    replaced: bool,
    replacement: F,
}

fn row_of(state: State) -> Row {
    let lost = state.bits > INFINITY_BITS;
    // All zeros are no row of probabilities, nor of their logarithms but where it has one element.
    let zeros = (bitcast<u32>(state.value) == 0u) & flag(FLAG_ZEROS);
    return Row(state.sum, lost | zeros, select(F(0.0), nan(), lost));
}

// The factors of 1 / T stand where no product leaves the range of f32 on the way to a result in it.
fn signed_gradient(dx: F) -> F {
    return bitcast<F>(bitcast<U>(dx) ^ U(params.sign));
}

fn softmax_gradient(run: Run, j: u32, row: Row) -> F {
    let y = load_x(run, j, F(0.0)) * params.inverse_large;
    let dx = signed_gradient(y * ((load_grad(run, j, F(0.0)) - row.sum) * params.inverse_small));
    return select(dx, row.replacement, row.replaced);
}

fn log_softmax_gradient(run: Run, j: u32, row: Row) -> F {
    let y = exp_any(load_x(run, j, F(0.0))) * params.inverse_large;
    let grad = load_grad(run, j, F(0.0)) * params.inverse_large;
    let dx = signed_gradient((grad - y * row.sum) * params.inverse_small);
    return select(dx, row.replacement, row.replaced);
}
