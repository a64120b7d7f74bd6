// The largest piece, beginning with piece words[0].x, of words[0].y pieces; what those before gave stands in y.
fn compute_places(p: RowPlace) {
    var at = p;
    var best = load_x(at);
    if (params.words[0].x > 0u) {
        let before = load_y(p);
        best = select(before, best, takes_place(best, before));
    }
    for (var i = 1u; i < params.words[0].y; i++) {
        at.piece = i;
        let x = load_x(at);
        best = select(best, x, takes_place(x, best));
    }
    store_y(p, best);
}
