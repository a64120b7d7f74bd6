// How elements lie in memory: f32, as the mathematics has them.
alias Stored = vec4<f32>;

fn load(stored: Stored) -> F {
    return stored;
}

fn store(value: F) -> Stored {
    return value;
}
