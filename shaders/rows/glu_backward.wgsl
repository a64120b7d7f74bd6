// da = grad · b · g'(a), db = grad · g(a).
fn compute_places(p: RowPlace) {
    let a = load_a(p);
    let b = load_b(p);
    let grad = load_grad(p);
    let g = gate_of(a);
    let slope = gate_slope(a);
    store_da(p, chain_rule(grad * b * slope, max(magnitude(grad), max(magnitude(b), magnitude(slope)))));
    store_db(p, chain_rule(grad * g, max(magnitude(grad), magnitude(g))));
}
