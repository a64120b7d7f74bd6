// The state of a row from those of its parts.
fn gather_states(local: u32) -> State {
    var top = bitcast<f32>(0xff800000u ^ zero_bits());
    var bits = 0u;
    for (var i = local; i < params.states; i += LANES) {
        let state = unpacked(states[i]);
        top = max(top, state.value);
        bits = max(bits, state.bits);
    }
    top = group_max(local, top);
    var total = Total(F(0.0), F(0.0));
    for (var i = local; i < params.states; i += LANES) {
        let state = unpacked(states[i]);
        total = add(total, state.sum * exp_below(F(reference(state.value)), F(reference(top))));
    }
    return State(top, group_sum(local, total.sum.x), group_bits(local, bits));
}
