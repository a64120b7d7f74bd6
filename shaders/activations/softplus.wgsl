// softplus(x) = log(1 + exp(beta * x)) / beta = max(x, 0) + log1p(exp(-beta * |x|)) / beta.
// beta * x is a sum of two f32: exp enlarges its error.
struct Softplus {
    beta: f32,
    beta_hi: f32,
    beta_lo: f32,
    limit: f32,
    inverse: f32,
}

fn softplus_exp(x: F, c: Softplus) -> Exp {
    let s = product_pair(c.beta_hi, c.beta_lo, -min(abs(x), F(c.limit)));
    return exp_pair(s.hi, s.lo);
}

fn softplus_forward(x: F, c: Softplus) -> F {
    let parts = softplus_exp(x, c);
    let e = exp_added(parts);
    // Where log1p(e) is e, e / beta may be a normal number though e is not.
    let tiny = e < F(1e-9);
    let bend = select(log1p_unit(e) * c.inverse, exp_times_nonpositive(parts, F(c.inverse)), tiny);
    return nan_of(max(x, F(0.0)) + bend, x);
}

fn softplus_derivative(x: F, c: Softplus) -> F {
    return nan_of(times_sigmoid(F(1.0), x >= F(0.0), softplus_exp(x, c)), x);
}

fn softplus_derivative_from_output(y: F, c: Softplus) -> F {
    return nan_of(-expm1_nonpositive(-c.beta * max(y, F(0.0))), y);
}
