// The slopes of the places: words[0] holds the seed and the number of the first element, words[1] the lower end, the distance to the
// upper one, and that. Laundered: a fused product and sum would round in another way than the other engines.
fn slopes_of(p: RowPlace) -> F {
    let base = params.words[0].zw;
    let low = p.row + base.x;
    let high = select(U(base.y), U(base.y + 1u), low < U(base.x));
    let unit = F(threefry(params.words[0].xy, low, high) >> U(8u)) * 0x1p-24f;
    let ends = bitcast<vec4<f32>>(params.words[1]);
    return min(launder(unit * ends.y) + ends.x, F(ends.z));
}
