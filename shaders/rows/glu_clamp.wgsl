// What a clamped gate does to b: min(max(b, -limit), limit) + offset.
fn clamp_linear(b: F) -> F {
    let limit = F(bitcast<f32>(params.words[0].x));
    return larger(smaller(b, limit), -limit) + bitcast<f32>(params.words[0].y);
}

fn clamp_gate(a: F) -> F {
    return smaller(a, F(bitcast<f32>(params.words[0].x)));
}
