// relu6(x) = min(max(x, 0), cap).
struct Relu6 {
    cap: f32,
}

fn relu6_forward(x: F, c: Relu6) -> F {
    return nan_of(min(max(x, F(0.0)), F(c.cap)), x);
}

fn relu6_derivative(x: F, c: Relu6) -> F {
    return nan_of(select(F(0.0), F(1.0), (x > F(0.0)) & (x < F(c.cap))), x);
}

fn relu6_derivative_from_output(y: F, c: Relu6) -> F {
    return relu6_derivative(y, c);
}
