// alpha_p * x^2 + beta * x for x > 0, else alpha_n * (exp(min(x, eps)) - 1 - x) + beta * x.
fn xielu_forward(x: f32, alpha_p: f32, alpha_n: f32, beta: f32, eps: f32) -> f32 {
    let negative = alpha_n * (exp(min(x, eps)) - 1.0 - x) + beta * x;
    return select(negative, alpha_p * x * x + beta * x, x > 0.0);
}

fn xielu_derivative(x: f32, alpha_p: f32, alpha_n: f32, beta: f32, eps: f32) -> f32 {
    return select(alpha_n * (exp(x) - 1.0) + beta, 2.0 * alpha_p * x + beta, x > 0.0);
}
