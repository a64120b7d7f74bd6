// What counts of a row from what counts of its parts, written after them.
@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) local: u32) {
    let state = gather_states(local);
    if (local == 0u) {
        states[params.states] = packed(state);
    }
}
