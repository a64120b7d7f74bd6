// The first of the sums of sum.wgsl, by subgroups that load together: each adds up @TERMS vectors of all its invocations.
// Among the immediates, columns is the number of blocks of 32 elements in a row, and base_row the number of the last subgroup.
struct Params {
    // A zero that only exists at run time.
    zero: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> values: array<Wide>;
@group(0) @binding(2) var<storage, read_write> sums: array<@SUM>;

fn zero_bits() -> u32 {
    return params.zero;
}

@compute @workgroup_size(@INVOCATIONS)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(subgroup_id) subgroup: u32, @builtin(subgroup_invocation_id) lane: u32) {
    // Those behind the last one do its work once more.
    let number = min(agreed((id.y * groups.x + id.x) * @SUBGROUPSu + subgroup), immediates.base_row);
    //@body
}
