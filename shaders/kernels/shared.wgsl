// Loads and stores that a subgroup of eight shares: each of its invocations loads what all eight need and keeps its own, and all store what
// each has. llvmpipe runs the eight in the lanes of one vector. What all of them load from one place is one instruction there; what each
// loads from its own is a loop over the lanes with a detour through the stack in each. Numbers of lanes are constants for it, so that
// nothing of the choices and shuffles here is left but what puts numbers into vectors and takes them out.
struct Immediates {
    // 0, 1, …, 15, and one more, so that four bits are no place behind the last.
    digits: array<u32, 17>,
    // As in Params, but where a subgroup computes the same columns of a row of each band: base is then how far the bands are apart, in vectors of eight.
    columns: u32,
    magic: u32,
    shift: u32,
    base: u32,
    base_row: u32,
}

var<immediate> immediates: Immediates;

// The last four bits of n, of which llvmpipe is to believe that the subgroup agrees on them: it believes it of immediates and of what is computed
// from nothing else, wherever in them they lie. Looked up twice: a place that eight agree on it takes from the first of them, so that its compiler
// leaves the other seven out of the first lookup. It keeps them where either place has to be tested for the end of the array.
fn digit(n: u32) -> u32 {
    return immediates.digits[immediates.digits[n & 15u] & 15u];
}

// n < 2^20, agreed on.
fn agreed(n: u32) -> u32 {
    let digits = digit(n) | (digit(n >> 4u) << 4u) | (digit(n >> 8u) << 8u) | (digit(n >> 12u) << 12u) | (digit(n >> 16u) << 16u);
    // So that its compiler knows that no place is negative.
    return digits & 0xfffffu;
}

// n once more, 0 < k < 32. Its digit 0 is 0, of which llvmpipe's compiler does not know: places in several buffers that it knows to be one it keeps
// in vectors from the first use to the last, in memory.
fn once_more(n: u32, k: u32) -> u32 {
    return (n | (immediates.digits[0] << k)) & 0xfffffu;
}

// `second` where the bit of the lane's number is set.
fn choose(lane: u32, bit: u32, first: Pairs, second: Pairs) -> Pairs {
    return select(first, second, vec2<bool>((lane & bit) != 0u));
}
