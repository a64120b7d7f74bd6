// Computes something of every element: four of them in an invocation, or four in each of four rows; no loop, no branch but those at the
// end of the data. The crate puts text in the places of the @ name and the //@ lines: the bindings, the function of one element, and the
// lines that load its operands and store its results.
struct Params {
    // A zero that only exists at run time.
    zero: u32,
    // The bits of the first input of a sweep.
    first: u32,
    // Where the elements lie in rows: their length, what divides by it, and the place of the first element in its row.
    columns: u32,
    magic: u32,
    shift: u32,
    base: u32,
    // The row of the first element.
    base_row: u32,
    unused: u32,
    //@starts
    constants: array<vec4<f32>, @CONSTANTS>,
}

@group(0) @binding(0) var<uniform> params: Params;
//@operands
fn zero_bits() -> u32 {
    return params.zero;
}

//@element

@compute @workgroup_size(@INVOCATIONS)
fn main(//@place) {
    //@body
}
