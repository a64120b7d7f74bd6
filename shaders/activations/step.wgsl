// step(x) = 0 for x < 0, 1 for x > 0, at_zero between; its derivative is 0 everywhere.
struct Step {
    at_zero: f32,
}

fn step_forward(x: F, c: Step) -> F {
    let left = select(F(c.at_zero), F(0.0), x < F(0.0));
    return nan_of(select(left, F(1.0), x > F(0.0)), x);
}

fn step_derivative(x: F, c: Step) -> F {
    return nan_of(F(0.0), x);
}

fn step_derivative_from_output(y: F, c: Step) -> F {
    return nan_of(F(0.0), y);
}
