// One invocation has the row for itself.
fn group_max(local: u32, value: f32) -> f32 {
    return value;
}

fn group_sum(local: u32, value: f32) -> f32 {
    return value;
}

fn group_bits(local: u32, value: u32) -> u32 {
    return value;
}
