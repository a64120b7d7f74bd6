// Applies a function to every element: four of them in an invocation, no loop, no branch but the one at the end of the data.
// The crate puts the operands' bindings and the line that computes the result in the places of the //@ lines.
struct Params {
    // A zero that only exists at run time.
    zero: u32,
    // Length in vectors of four; the last one may reach into the padding.
    count: u32,
    // Invocations in a row of workgroups.
    row: u32,
    // The bits of the first input of a sweep.
    first: u32,
    constants: array<vec4<f32>, 7>,
}

@group(0) @binding(0) var<uniform> params: Params;
//@operands

fn zero_bits() -> u32 {
    return params.zero;
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let i = id.y * params.row + id.x;
    if (i >= params.count) {
        return;
    }
    //@result
}
