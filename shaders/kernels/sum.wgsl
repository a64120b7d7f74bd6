// Adds up along one axis of elements that lie as outer × n × inner: each result is the sum of up to 64 of the n, `partial` apart from
// each other, so that neighbours in a group read neighbours in memory. Run again over the results until one is left. The order of
// the additions depends on the sizes only.
struct Params {
    // A zero that only exists at run time.
    zero: u32,
    n: u32,
    // ⌈n / 64⌉
    partial: u32,
    inner: u32,
    // Number of results.
    count: u32,
    // The place of the first element that is there in the whole, and the number of those that are.
    missing: u32,
    elements: u32,
    // So many of the results, the first ones, are added to what stands in their places.
    accumulate: u32,
    // Where both begin in their bindings.
    values_start: u32,
    sums_start: u32,
    unused0: u32,
    unused1: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> values: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;

fn zero_bits() -> u32 {
    return params.zero;
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.y * (groups.x * 256u) + id.x;
    if (i >= params.count) {
        return;
    }
    let inner = i % params.inner;
    let first = (i / params.inner) % params.partial;
    let outer = i / params.inner / params.partial;
    let place = params.sums_start + i;
    var sum = 0.0;
    if (i < params.accumulate) {
        sum = sums[place];
    }
    // What the additions lost.
    var lost = 0.0;
    for (var k = 0u; k < 64u; k++) {
        let at = first + k * params.partial;
        // Elements before the first one wrap around to large numbers.
        let element = (outer * params.n + at) * params.inner + inner - params.missing;
        if (at < params.n && element < params.elements) {
            let value = values[params.values_start + element];
            let total = sum + value;
            let grown = launder(total) - sum;
            lost += (sum - (launder(total) - grown)) + (value - grown);
            sum = total;
        }
    }
    // An infinity loses NaN.
    sums[place] = select(sum + lost, sum, is_nan(lost));
}
