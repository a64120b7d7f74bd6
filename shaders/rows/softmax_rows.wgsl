// Whole rows: what counts of a row, then its results.
@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = (group.y * groups.x + group.x) * (256u / LANES) + local / LANES;
    // Invocations beyond the last row have nothing to do, but come along to the barriers.
    let run = run_of(min(i, params.rows - 1u) * params.columns, select(0u, params.columns, i < params.rows));
    let row = row_of(gather(run, local));
    let vectors = (run.count + 3u) / 4u;
    for (var j = local % LANES; j < vectors; j += LANES) {
        put(run, j, @value(run, j, row));
    }
}
