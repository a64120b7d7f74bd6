// y = g(min(a, limit)) · (min(max(b, -limit), limit) + offset).
fn compute_places(p: RowPlace) {
    store_y(p, gate_of(clamp_gate(load_a(p))) * clamp_linear(load_b(p)));
}
