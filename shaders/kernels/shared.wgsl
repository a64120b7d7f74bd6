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

// Numbers on their way from memory to the lanes, 16 of a block one after the other. Each invocation writes what it reads, all eight the same. Subgroups of
// a workgroup have the same places, of which llvmpipe lets one run to its end before the next begins; with places of their own, which its compiler would
// not know, it would load each number by itself.
var<workgroup> staged: array<u64, @STAGED>;

fn stage(first: u32, wide: Wide) {
    staged[first] = wide.x;
    staged[first + 1u] = wide.y;
    staged[first + 2u] = wide.z;
    staged[first + 3u] = wide.w;
}

// Written in a place that its compiler does not know, after which it cannot take what was staged for what a lane reads: it would put it into lanes one by one.
fn end_of_stage() {
    staged[@SPAREu + (immediates.digits[0] & 7u)] = 0lu;
}

// Of eight numbers that lie one after the other the lane's: one load of a vector.
fn own_of_staged(first: u32, lane: u32) -> u64 {
    var own = staged[first];
    own = select(own, staged[first + 1u], lane == 1u);
    own = select(own, staged[first + 2u], lane == 2u);
    own = select(own, staged[first + 3u], lane == 3u);
    own = select(own, staged[first + 4u], lane == 4u);
    own = select(own, staged[first + 5u], lane == 5u);
    own = select(own, staged[first + 6u], lane == 6u);
    return select(own, staged[first + 7u], lane == 7u);
}

// The lane's of a block's 16 numbers, the first eight and the last.
fn floats_of_staged(first: u32, lane: u32) -> vec4<f32> {
    let own = Pairs(own_of_staged(first, lane), own_of_staged(first + 8u, lane));
    // Shifted by what is 0 only at run time: of halves as they are its compiler makes eight loads.
    let low = vec2<u32>(own >> vec2<u32>(zero_bits()));
    let high = vec2<u32>(own >> vec2<u32>(32u));
    return bitcast<vec4<f32>>(vec4<u32>(low.x, high.x, low.y, high.y));
}
