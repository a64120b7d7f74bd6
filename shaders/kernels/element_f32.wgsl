// How elements lie in memory: f32, four at a time.
alias Stored = vec4<f32>;

fn load(stored: Stored) -> vec4<f32> {
    return stored;
}

fn store(value: vec4<f32>) -> Stored {
    return value;
}
