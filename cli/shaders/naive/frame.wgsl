// Runs a textbook formula over many inputs. The program puts the formula, and a call of it, in the places of the //@ lines.
struct Params {
    // Bits of the first input, where they are not listed.
    first: u32,
    count: u32,
    listed: u32,
    unused: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> inputs: array<f32>;
@group(0) @binding(2) var<storage, read_write> results: array<f32>;

//@functions

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let i = id.x;
    if (i >= params.count) {
        return;
    }
    var x = bitcast<f32>(params.first + i);
    if (params.listed != 0u) {
        x = inputs[i];
    }
    results[i] = //@call;
}
