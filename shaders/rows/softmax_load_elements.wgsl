// Four elements of rows of any length, anywhere; `beyond` after the last one.
fn load_@input(run: Run, j: u32, beyond: F) -> F {
    let place = U(4u * j) + U(0u, 1u, 2u, 3u);
    let i = U(run.@input) + min(place, U(run.count - 1u));
    return select(beyond, F(@buffer[i.x], @buffer[i.y], @buffer[i.z], @buffer[i.w]), place < U(run.count));
}
