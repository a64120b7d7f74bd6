// The slopes of the places: words[0] holds the number of channels, what divides by it, and the channel of the first row.
fn slopes_of(p: RowPlace) -> F {
    let line = p.row + params.words[0].w;
    return load_slopes(line - quotient(line, params.words[0].y, params.words[0].z) * params.words[0].x);
}
