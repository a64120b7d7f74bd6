// The product of two matrices, A·B, each of which may lie row after row or column after column; a bias for each column and a function of
// the sums may follow. An invocation computes four rows × four columns in registers: of each eight numbers that it loads it makes 16
// products, and it needs neither workgroup memory nor barriers, which adapters that compute on the CPU are slow at. The terms of a sum
// are added in their order, so its bits depend on the numbers only. The crate puts text in the places of the @ name and the //@ lines.
struct Params {
    // A zero that only exists at run time.
    zero: u32,
    // Rows and columns of the product, and terms of each of its sums.
    rows: u32,
    columns: u32,
    terms: u32,
    // Distances in memory from one row of A, or column of B, to the next, and from one term to the next.
    a_row: u32,
    a_term: u32,
    b_column: u32,
    b_term: u32,
    // Where everything begins in its binding.
    a_start: u32,
    b_start: u32,
    bias_start: u32,
    product_start: u32,
    constants: array<vec4<f32>, @CONSTANTS>,
}

@group(0) @binding(0) var<uniform> params: Params;
//@bindings
fn zero_bits() -> u32 {
    return params.zero;
}

//@element

// Four numbers of a row, as far as the product has them.
fn put(row: u32, column: u32, values: vec4<f32>) {
    if (row < params.rows) {
        let place = params.product_start + row * params.columns + column;
        product[place] = values.x;
        if (column + 1u < params.columns) {
            product[place + 1u] = values.y;
        }
        if (column + 2u < params.columns) {
            product[place + 2u] = values.z;
        }
        if (column + 3u < params.columns) {
            product[place + 3u] = values.w;
        }
    }
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let tile = id.y * (groups.x * 256u) + id.x;
    let across = (params.columns + 3u) / 4u;
    let row = 4u * (tile / across);
    let column = 4u * (tile % across);
    if (row >= params.rows) {
        return;
    }
    // Beyond the last row or column the last one is computed again, and not stored.
    let four = vec4<u32>(0u, 1u, 2u, 3u);
    let columns = min(four + vec4<u32>(column), vec4<u32>(params.columns - 1u));
    var a = params.a_start + params.a_row * min(four + vec4<u32>(row), vec4<u32>(params.rows - 1u));
    var b = params.b_start + params.b_column * columns;
    var sums0 = vec4<f32>(0.0);
    var sums1 = vec4<f32>(0.0);
    var sums2 = vec4<f32>(0.0);
    var sums3 = vec4<f32>(0.0);
    for (var term = 0u; term < params.terms; term++) {
        let right = vec4<f32>(factor_b[b.x], factor_b[b.y], factor_b[b.z], factor_b[b.w]);
        sums0 += factor_a[a.x] * right;
        sums1 += factor_a[a.y] * right;
        sums2 += factor_a[a.z] * right;
        sums3 += factor_a[a.w] * right;
        a += params.a_term;
        b += params.b_term;
    }
    let before = bias_of(columns);
    put(row, column, of_sums(sums0 + before));
    put(row + 1u, column, of_sums(sums1 + before));
    put(row + 2u, column, of_sums(sums2 + before));
    put(row + 3u, column, of_sums(sums3 + before));
}
