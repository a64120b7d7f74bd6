// As maxout, with the number of the largest piece.
fn compute_places(p: RowPlace) {
    let first = params.words[0].x;
    var at = p;
    var best = load_x(at);
    var index = F(f32(first));
    if (first > 0u) {
        let before = load_y(p);
        let wins = takes_place(best, before);
        best = select(before, best, wins);
        index = select(load_index(p), index, wins);
    }
    for (var i = 1u; i < params.words[0].y; i++) {
        at.piece = i;
        let x = load_x(at);
        let wins = takes_place(x, best);
        best = select(best, x, wins);
        index = select(index, F(f32(first + i)), wins);
    }
    store_y(p, best);
    store_index(p, index);
}
