// As glu_backward, of the clamped a and b; nothing goes through where a clamp holds.
fn compute_places(p: RowPlace) {
    let limit = F(bitcast<f32>(params.words[0].x));
    let a = load_a(p);
    let b = load_b(p);
    let grad = load_grad(p);
    let linear = clamp_linear(b);
    let slope = nan_of(select(gate_slope(clamp_gate(a)), F(0.0), a >= limit), a);
    let g = select(gate_of(clamp_gate(a)), F(0.0), abs(b) >= limit);
    store_da(p, chain_rule(grad * linear * slope, max(magnitude(grad), max(magnitude(linear), magnitude(slope)))));
    store_db(p, nan_of(chain_rule(grad * g, max(magnitude(grad), magnitude(g))), b));
}
