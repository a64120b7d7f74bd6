// squareplus(x) = (x + sqrt(x^2 + b)) / 2; = max(x, 0) + b / (2 (sqrt(x^2 + b) + |x|)), which does not cancel.
struct Squareplus {
    b: f32,
}

// sqrt(a^2 + b); where the square would overflow it is a.
fn squareplus_root(a: F, c: Squareplus) -> F {
    let square = min(a, F(1e18)) * min(a, F(1e18));
    return select(sqrt(square + c.b), a, a > F(1e18));
}

fn squareplus_forward(x: F, c: Squareplus) -> F {
    let a = abs(x);
    let root = squareplus_root(a, c);
    // Where the sum would overflow the root is a.
    let left = select(0.5 * c.b / (root + a), 0.25 * c.b / a, a > F(1e18));
    return nan_of(select(left, x + left, x >= F(0.0)), x);
}

fn squareplus_derivative(x: F, c: Squareplus) -> F {
    let a = abs(x);
    let root = squareplus_root(a, c);
    let left = 0.5 * c.b / root / (root + a);
    let ratio = select(a / root, F(1.0), a > F(1e18));
    // Near 0 the difference does not cancel yet and has fewer roundings.
    let near = select(left, 0.5 * (1.0 - ratio), ratio < F(0.5));
    return nan_of(select(near, 0.5 * (1.0 + ratio), x >= F(0.0)), x);
}
