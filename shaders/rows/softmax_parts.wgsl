// The parts of a piece of a row: what counts of each, for softmax_merge.
@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = group.y * groups.x + group.x;
    let before = min(i, params.rows - 1u) * params.part;
    let count = select(0u, min(params.part, params.columns - before), i < params.rows);
    let state = gather(run_of(before, count), local);
    if ((local == 0u) & (i < params.rows)) {
        states[params.first_state + i] = packed(state);
    }
}
