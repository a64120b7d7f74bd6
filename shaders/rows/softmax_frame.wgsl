// What the kernels of softmax and its relatives share: `LANES` invocations of a group go through one row together, four elements at a
// time, so that neighbours read neighbours. The crate puts in LANES, the bindings and how elements are loaded and stored (softmax_vectors or
// softmax_elements).
struct Params {
    // A zero that only exists at run time.
    zero: u32,
    // Elements of a row, or of the piece of a row.
    columns: u32,
    // Rows, or parts of the piece.
    rows: u32,
    flags: u32,
    // The sign bit where the function is one of -x.
    sign: u32,
    // Where elements begin in their bindings.
    x_start: u32,
    grad_start: u32,
    out_start: u32,
    // 1 / temperature in 12 bits, the rest of it, and both rounded.
    inverse_hi: f32,
    inverse_lo: f32,
    inverse: f32,
    // Elements of a part, where the parts' states of this piece begin, and the number of all states.
    part: u32,
    first_state: u32,
    states: u32,
    // 1 / temperature in two factors, one of which is 1: the first is not below 1, the second not above.
    inverse_large: f32,
    inverse_small: f32,
}

// An element 0 stands beside those of each row.
const FLAG_ONE: u32 = 1u;
// A row of minus infinities gives zeros.
const FLAG_ZEROS: u32 = 2u;

fn flag(which: u32) -> bool {
    return (params.flags & which) != 0u;
}

// Elements of x or grad or the result, which follow one another.
struct Run {
    x: u32,
    grad: u32,
    out: u32,
    count: u32,
}

// `count` elements, `before` after the first ones of the bindings.
fn run_of(before: u32, count: u32) -> Run {
    return Run(params.x_start + before, params.grad_start + before, params.out_start + before, count);
}

// What counts of a row or of a part of it, in three words.
struct State {
    value: f32,
    sum: f32,
    bits: u32,
}

fn packed(state: State) -> vec4<u32> {
    return vec4<u32>(bitcast<u32>(state.value), bitcast<u32>(state.sum), state.bits, 0u);
}

fn unpacked(words: vec4<u32>) -> State {
    return State(bitcast<f32>(words.x), bitcast<f32>(words.y), words.z);
}

// A sum with what its roundings have lost (Kahan).
struct Total {
    sum: F,
    excess: F,
}

fn add(total: Total, term: F) -> Total {
    let corrected = term - total.excess;
    let sum = launder(total.sum + corrected);
    return Total(sum, launder(sum - total.sum) - corrected);
}

fn across(v: F) -> f32 {
    return (v.x + v.y) + (v.z + v.w);
}

fn largest(v: F) -> f32 {
    return max(max(v.x, v.y), max(v.z, v.w));
}

fn largest_bits(v: U) -> u32 {
    return max(max(v.x, v.y), max(v.z, v.w));
}
