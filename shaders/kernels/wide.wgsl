// Two vectors that lie one after the other, as one of four 64-bit numbers. llvmpipe loads and stores number by number for each
// invocation, so that these are half as many.
alias Wide = vec4<u64>;

// One vector as 64-bit numbers.
alias Pairs = vec2<u64>;

fn first_half(wide: Wide) -> vec4<f32> {
    return floats(wide.xy);
}

fn second_half(wide: Wide) -> vec4<f32> {
    return floats(wide.zw);
}

fn floats(pairs: Pairs) -> vec4<f32> {
    let low = vec2<u32>(pairs);
    let high = vec2<u32>(pairs >> vec2<u32>(32u));
    return bitcast<vec4<f32>>(vec4<u32>(low.x, high.x, low.y, high.y));
}

fn wide_of(first: vec4<f32>, second: vec4<f32>) -> Wide {
    return Wide(pairs(first), pairs(second));
}

// Laundered, because LLVM moves a select in what is stored behind the conversion otherwise, and then spills all lanes once for each.
fn pairs(value: vec4<f32>) -> Pairs {
    let bits = bitcast<vec4<u32>>(value) ^ vec4<u32>(zero_bits());
    return Pairs(bits.xz) | (Pairs(bits.yw) << vec2<u32>(32u));
}
