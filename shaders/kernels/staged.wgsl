// Numbers on their way from memory to the lanes, 16 of a block in one place: the first of each lane, then the second of each. Each invocation writes
// what it reads, all eight of a subgroup the same. Subgroups of a workgroup have the same places; llvmpipe lets one run to its end before the next
// begins. With places of their own, which its compiler would not know, it would load number by number.
var<workgroup> staged: array<u64, @STAGED>;

fn stage(first: u32, wide: Wide) {
    staged[first] = wide.x;
    staged[first + 1u] = wide.y;
    staged[first + 2u] = wide.z;
    staged[first + 3u] = wide.w;
}

// Written in a place that its compiler does not know. Else that would take for what a lane reads what was staged, and put it into lanes one by one.
fn end_of_stage() {
    staged[@SPAREu + (immediates.digits[0] & 7u)] = 0lu;
}

// Of eight numbers one after the other the lane's: one load of a vector.
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

// The lane's vector of a block.
fn floats_of_staged(first: u32, lane: u32) -> vec4<f32> {
    let own = Pairs(own_of_staged(first, lane), own_of_staged(first + 8u, lane));
    // Shifted by what is 0 at run time only: of halves as they are its compiler makes eight loads.
    let low = vec2<u32>(own >> vec2<u32>(zero_bits()));
    let high = vec2<u32>(own >> vec2<u32>(32u));
    return bitcast<vec4<f32>>(vec4<u32>(low.x, high.x, low.y, high.y));
}
