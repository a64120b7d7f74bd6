// The results of a piece of a row, four times four elements an invocation.
@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let run = run_of(0u, params.columns);
    let row = row_of(unpacked(states[params.states]));
    let first = (group.y * groups.x + group.x) * 1024u + local;
    let vectors = min((run.count + 3u) / 4u, first + 1024u);
    for (var j = first; j < vectors; j += 256u) {
        put(run, j, @value(run, j, row));
    }
}
