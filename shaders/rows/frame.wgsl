// Computes something of every place of rows × columns; each operand is reached from the place by arithmetic of its own. The crate puts
// text in the places of the @ names and the //@ lines: the bindings, how their elements are read and written, the gate's function.
struct Params {
    // A zero that only exists at run time.
    zero: u32,
    // Number of places.
    count: u32,
    // Length of a row of places, and what divides by it.
    columns: u32,
    magic: u32,
    shift: u32,
    unused0: u32,
    unused1: u32,
    unused2: u32,
    // Numbers of the function.
    words: array<vec4<u32>, 3>,
    // For each operand: where it begins in its binding, from row to row, from column to column, from piece to piece.
    operands: array<vec4<u32>, @OPERANDS>,
    constants: array<vec4<f32>, 7>,
}

@group(0) @binding(0) var<uniform> params: Params;
//@bindings
fn zero_bits() -> u32 {
    return params.zero;
}

// Places side by side, the first of them counted from the beginning of the data.
struct RowPlace {
    first: u32,
    row: U,
    column: U,
    // Of operands that have several elements for a place.
    piece: u32,
}

fn element_of(operand: u32, p: RowPlace) -> U {
    let reach = params.operands[operand];
    return p.row * reach.y + p.column * reach.z + (reach.x + p.piece * reach.w);
}

//@operands
//@gate
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let first = (id.y * (groups.x * 256u) + id.x) * @WIDTHu;
    if (first >= params.count) {
        return;
    }
    let places = first + vec4<u32>(0u, 1u, 2u, 3u);
    let rows = quotient(places, params.magic, params.shift);
    let columns = places - rows * params.columns;
    compute_places(RowPlace(first, rows@LANE, columns@LANE, 0u));
}
