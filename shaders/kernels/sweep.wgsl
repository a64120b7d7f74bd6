// The inputs of a sweep over the bit patterns of f32, made from the place in the data.
fn swept(i: u32) -> vec4<f32> {
    return bitcast<vec4<f32>>(vec4<u32>(params.first + 4u * i) + vec4<u32>(0u, 1u, 2u, 3u));
}
