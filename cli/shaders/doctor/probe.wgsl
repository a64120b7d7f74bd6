// Asks the adapter what it makes of an expression in a, b and c. The operands come from a buffer, so that no compiler knows them.
// The program puts the expression, and the functions that it uses, in the places of the //@ lines.
struct Params {
    // A zero that only exists at run time.
    zero: u32,
    count: u32,
    unused: vec2<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> operands: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> results: array<f32>;

// x, hidden from the compiler, as the crate's kernels hide it.
fn launder(x: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(x) ^ params.zero);
}

//@functions

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let i = id.x;
    if (i >= params.count) {
        return;
    }
    let a = operands[i].x;
    let b = operands[i].y;
    let c = operands[i].z;
    results[i] = //@expression;
}
