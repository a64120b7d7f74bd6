// Whole rows of whole vectors, one for each invocation.
@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = (group.y * groups.x + group.x) * 256u + local;
    if (i >= params.rows) {
        return;
    }
    let run = run_of(i * params.columns, params.columns);
    let vectors = run.count / 4u;
    let near = gather_near(run);
    if (near.largest <= NEAR_BITS) {
        let factor = 1.0 / (near.sum + select(0.0, 1.0, flag(FLAG_ONE)));
        for (var j = 0u; j < vectors; j += 1u) {
            put(run, j, exp_near(divided(signed(load_x(run, j, F(0.0))))) * factor);
        }
    } else {
        let row = row_of(gather(run, 0u));
        for (var j = 0u; j < vectors; j += 1u) {
            put(run, j, softmax_value(run, j, row));
        }
    }
}
