// The state of a row from those of its parts.
fn gather_states(local: u32) -> State {
    var largest_y = 0u;
    var bits = 0u;
    var total = Total(F(0.0), F(0.0));
    for (var i = local; i < params.states; i += LANES) {
        let state = unpacked(states[i]);
        total = add(total, F(state.sum));
        largest_y = max(largest_y, bitcast<u32>(state.value));
        bits = max(bits, state.bits);
    }
    let sum = group_sum(local, total.sum.x);
    let y = group_bits(local, largest_y);
    return State(bitcast<f32>(y), sum, group_bits(local, bits));
}
