// The gradient where a piece is the largest, else 0.
fn compute_places(p: RowPlace) {
    let index = load_index(p);
    let grad = load_grad(p);
    var at = p;
    for (var i = 0u; i < params.words[0].y; i++) {
        at.piece = i;
        store_dx(at, select(F(0.0), grad, index == F(f32(params.words[0].x + i))));
    }
}
