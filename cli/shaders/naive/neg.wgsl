// -x.
fn neg_forward(x: f32) -> f32 {
    return -x;
}

fn neg_derivative(x: f32) -> f32 {
    return -1.0;
}
