// Adds up along one axis of elements that lie as outer × n × inner: each result is the sum of up to 16 of the n, `partial` apart from
// each other, so that neighbours in a group read neighbours in memory. Run again over the results until one is left. The order of
// the additions depends on the sizes only. They stand in a tree, which is as accurate as it is short; there is no loop, which adapters
// that compute on the CPU make slow code of.
struct Params {
    n: u32,
    // ⌈n / 16⌉
    partial: u32,
    inner: u32,
    // Number of results.
    count: u32,
    // The place of the first element that is there in the whole, and the number of those that are.
    missing: u32,
    elements: u32,
    // So many of the results, the first ones, are added to what stands in their places.
    continued: u32,
    // Where both begin in their bindings.
    values_start: u32,
    sums_start: u32,
    unused0: u32,
    unused1: u32,
    unused2: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> values: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;

// The element at this place of the axis, 0 beyond its end and where there is none.
fn term(outer: u32, place: u32, inner: u32) -> f32 {
    // Elements before the first one wrap around to large numbers.
    let element = (outer * params.n + place) * params.inner + inner - params.missing;
    let there = (place < params.n) & (element < params.elements);
    return select(0.0, values[params.values_start + select(0u, element, there)], there);
}

fn four(outer: u32, place: u32, inner: u32) -> f32 {
    let step = params.partial;
    let low = term(outer, place, inner) + term(outer, place + step, inner);
    return low + (term(outer, place + 2u * step, inner) + term(outer, place + 3u * step, inner));
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.y * (groups.x * 256u) + id.x;
    if (i >= params.count) {
        return;
    }
    let inner = i % params.inner;
    let place = (i / params.inner) % params.partial;
    let outer = i / params.inner / params.partial;
    let step = 4u * params.partial;
    let low = four(outer, place, inner) + four(outer, place + step, inner);
    let sum = low + (four(outer, place + 2u * step, inner) + four(outer, place + 3u * step, inner));
    let before = select(0.0, sums[params.sums_start + i], i < params.continued);
    sums[params.sums_start + i] = before + sum;
}
