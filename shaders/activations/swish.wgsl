// swish(x) = x * sigmoid(beta * x). beta * x is a sum of two f32: exp enlarges its error.
struct Swish {
    beta: f32,
    beta_hi: f32,
    beta_lo: f32,
    limit: f32,
    finite_limit: f32,
    root_hi: f32,
    root_lo: f32,
}

// -|beta * x|
fn swish_argument(x: F, c: Swish) -> Pair {
    let s = product_pair(c.beta_hi, c.beta_lo, min(abs(x), F(c.finite_limit)));
    let sign = select(-1.0, 1.0, c.beta < 0.0);
    return Pair(sign * s.hi, sign * s.lo);
}

fn swish_forward(x: F, c: Swish) -> F {
    // Not >= 0: a beta of 0 makes NaN of infinity here.
    let positive = !(c.beta * x < F(0.0));
    let s = swish_argument(x, c);
    let finite = copy_sign(min(abs(x), F(c.limit)), x);
    let e = exp_pair(s.hi, s.lo);
    // The factor has no limit where beta is small.
    let quotient = sigmoid_quotient(select(finite, x, positive), positive, e);
    return nan_of(select(times_pow2(quotient, e.k), quotient, positive), x);
}

fn swish_derivative(x: F, c: Swish) -> F {
    let positive = !(c.beta * x < F(0.0));
    let s = swish_argument(x, c);
    let a = min(abs(x), F(c.finite_limit));
    let on_left = select(-a, a, c.beta < 0.0);
    let near = c.beta * (launder(on_left - c.root_hi) - c.root_lo);
    // Away from the root the difference of the products has fewer roundings.
    let far = launder(s.hi - SILU_ROOT_HI) + (s.lo - SILU_ROOT_LO);
    let d = select(far, near, abs(far) < F(0.25));
    return nan_of(silu_derivative_of(positive, s.hi, s.lo, d), x);
}
