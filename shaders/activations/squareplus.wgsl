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
    // b / (2 (r^2 + a r)) with r^2 = a^2 + b; far out both in powers of two that keep the square within the range.
    let far = abs(x) > F(1e18);
    let b = select(F(c.b), F(c.b * 0x1p-120f), far);
    let a = select(abs(x), min(abs(x), F(1e30)) * 0x1p-60f, far);
    let square = a * a + b;
    let left = 0.5 * b / (a * sqrt(square) + square);
    return nan_of(select(left, 1.0 - left, x >= F(0.0)), x);
}
