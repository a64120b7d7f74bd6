// Straight lines through POINTS, which the program declares.
fn piecewise_linear_forward(x: f32, left: f32, right: f32) -> f32 {
    var points = POINTS;
    if (x < points[0].x) {
        return points[0].y + left * (x - points[0].x);
    }
    for (var i = 1u; i < COUNT; i++) {
        let a = points[i - 1u];
        let b = points[i];
        if (x < b.x) {
            return mix(a.y, b.y, (x - a.x) / (b.x - a.x));
        }
    }
    return points[COUNT - 1u].y + right * (x - points[COUNT - 1u].x);
}

fn piecewise_linear_derivative(x: f32, left: f32, right: f32) -> f32 {
    var points = POINTS;
    if (x < points[0].x) {
        return left;
    }
    for (var i = 1u; i < COUNT; i++) {
        let a = points[i - 1u];
        let b = points[i];
        if (x < b.x) {
            return (b.y - a.y) / (b.x - a.x);
        }
    }
    return right;
}
