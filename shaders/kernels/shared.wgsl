// Loads and stores that a workgroup of eight shares: each of its invocations loads what all eight need and keeps its own, and all store what
// each has. llvmpipe runs the eight in the lanes of one vector. What all of them load from one place is one instruction there; what each
// loads from its own is a loop over the lanes with a detour through the stack in each. Numbers of lanes are constants for it, so that
// nothing of the choices and shuffles here is left but what puts numbers into vectors and takes them out.
struct Immediates {
    // 0, 1, …, 15.
    digits: array<u32, 16>,
    // As in Params.
    columns: u32,
    magic: u32,
    shift: u32,
    base: u32,
    base_row: u32,
}

var<immediate> immediates: Immediates;

// n < 2^20, made of immediates: of nothing else that differs from workgroup to workgroup llvmpipe believes that the eight agree on it.
fn agreed(n: u32) -> u32 {
    let digits = immediates.digits[n & 15u]
        | (immediates.digits[(n >> 4u) & 15u] << 4u)
        | (immediates.digits[(n >> 8u) & 15u] << 8u)
        | (immediates.digits[(n >> 12u) & 15u] << 12u)
        | (immediates.digits[(n >> 16u) & 15u] << 16u);
    // So that its compiler knows that no place is negative.
    return digits & 0xfffffu;
}

// The one at the place of the invocation.
fn own(lane: u32, a: Pairs, b: Pairs, c: Pairs, d: Pairs, e: Pairs, f: Pairs, g: Pairs, h: Pairs) -> Pairs {
    let odd = vec2<bool>((lane & 1u) != 0u);
    let second = vec2<bool>((lane & 2u) != 0u);
    let ab_cd = select(select(a, b, odd), select(c, d, odd), second);
    let ef_gh = select(select(e, f, odd), select(g, h, odd), second);
    return select(ab_cd, ef_gh, vec2<bool>((lane & 4u) != 0u));
}
