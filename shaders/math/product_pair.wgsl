// A number as a sum of two f32.
struct Pair {
    hi: F,
    lo: F,
}

// b * x to 2^-35, for b = b_hi + b_lo with b_hi of 12 bits.
fn product_pair(b_hi: f32, b_lo: f32, x: F) -> Pair {
    let x_hi = high_bits(x);
    return Pair(b_hi * x_hi, b_hi * (x - x_hi) + b_lo * x);
}
