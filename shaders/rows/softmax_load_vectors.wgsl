// Four elements of rows of whole vectors, which begin at whole vectors.
fn load_@input(run: Run, j: u32, beyond: F) -> F {
    return @buffer[run.@input / 4u + j];
}
