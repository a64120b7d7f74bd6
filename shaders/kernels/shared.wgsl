// Loads and stores that a subgroup of eight shares: each of its invocations loads what all eight need and keeps its own, and all store what
// each has. llvmpipe runs the eight in the lanes of one vector. What all of them load from one place is one instruction there; what each
// loads from its own is a loop over the lanes with a detour through the stack in each. Numbers of lanes are constants for it, so that
// nothing of the choices and shuffles here is left but what puts numbers into vectors and takes them out.
struct Immediates {
    // 0, 1, …, 15.
    digits: array<u32, 16>,
    // As in Params, but where a subgroup computes the same columns of two rows: base is then how far these are apart, in vectors of eight.
    columns: u32,
    magic: u32,
    shift: u32,
    base: u32,
    base_row: u32,
}

var<immediate> immediates: Immediates;

// n < 2^20, made of immediates: of nothing else that differs from subgroup to subgroup llvmpipe believes that the eight agree on it. Takes 25 ns.
fn agreed(n: u32) -> u32 {
    let digits = immediates.digits[n & 15u]
        | (immediates.digits[(n >> 4u) & 15u] << 4u)
        | (immediates.digits[(n >> 8u) & 15u] << 8u)
        | (immediates.digits[(n >> 12u) & 15u] << 12u)
        | (immediates.digits[(n >> 16u) & 15u] << 16u);
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
