// The upper half of the product of two u32.
fn product_high(a: vec4<u32>, b: u32) -> vec4<u32> {
    let a_low = a & vec4<u32>(0xffffu);
    let a_high = a >> vec4<u32>(16u);
    let b_low = b & 0xffffu;
    let b_high = b >> 16u;
    let middle = a_high * b_low + ((a_low * b_low) >> vec4<u32>(16u));
    let other = a_low * b_high + (middle & vec4<u32>(0xffffu));
    return a_high * b_high + (middle >> vec4<u32>(16u)) + (other >> vec4<u32>(16u));
}

// n / d for n < 2^31, with shift = ⌈log2 d⌉ and magic = ⌈2^(31 + shift) / d⌉: adapters divide integers slowly.
fn quotient(n: vec4<u32>, magic: u32, shift: u32) -> vec4<u32> {
    return product_high(n << vec4<u32>(1u), magic) >> vec4<u32>(shift);
}
