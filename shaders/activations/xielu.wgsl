// xielu(x) = alpha_p x^2 + beta x for x > 0, else alpha_n (expm1(min(x, eps)) - x) + beta x.
struct Xielu {
    alpha_p: f32,
    alpha_n: f32,
    beta: f32,
    eps: f32,
    // beta - alpha_n
    slope: f32,
}

const XIELU_MAX: f32 = 0x1.fffffep+127f;

fn xielu_forward(x: F, c: Xielu) -> F {
    let right = x * (c.alpha_p * min(x, F(XIELU_MAX)) + c.beta);
    let m = clamp(x, F(-1.0), F(c.eps));
    // alpha_n m first: m^2 alone may be too small for f32.
    let near = c.alpha_n * m * (m * expm1_rest(m)) + (c.alpha_n * (m - x) + c.beta * x);
    // Further left the two lines are one: each alone might overflow.
    let line = select(c.slope * x, F(0.0), c.slope == 0.0);
    let far = c.alpha_n * expm1_nonpositive(min(x, F(0.0))) + line;
    let left = select(near, far, x < F(-1.0));
    let flat = (c.alpha_p == 0.0) & (c.beta == 0.0);
    return nan_of(select(left, select(right, F(0.0), flat), x > F(0.0)), x);
}

fn xielu_derivative(x: F, c: Xielu) -> F {
    let finite = min(max(x, F(0.0)), F(XIELU_MAX));
    let right = 2.0 * c.alpha_p * finite + c.beta;
    let at_infinity = (x > F(XIELU_MAX)) & (F(c.alpha_p) > F(0.0));
    let left = c.alpha_n * expm1_nonpositive(min(x, F(0.0))) + c.beta;
    return nan_of(select(left, select(right, x, at_infinity), x > F(0.0)), x);
}
