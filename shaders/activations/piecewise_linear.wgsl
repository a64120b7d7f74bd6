// piecewise_linear(x): straight lines through up to 8 points; a point that is not used repeats the last one.
// slope0 holds left of the first point, slope1 to its right, and so on.
struct PiecewiseLinear {
    x0: f32,
    x1: f32,
    x2: f32,
    x3: f32,
    x4: f32,
    x5: f32,
    x6: f32,
    x7: f32,
    y0: f32,
    y1: f32,
    y2: f32,
    y3: f32,
    y4: f32,
    y5: f32,
    y6: f32,
    y7: f32,
    slope0: f32,
    slope1: f32,
    slope2: f32,
    slope3: f32,
    slope4: f32,
    slope5: f32,
    slope6: f32,
    slope7: f32,
    slope8: f32,
}

fn piecewise_linear_forward(x: F, c: PiecewiseLinear) -> F {
    var x0 = F(c.x0);
    var y0 = F(c.y0);
    x0 = select(x0, F(c.x1), x >= F(c.x1));
    y0 = select(y0, F(c.y1), x >= F(c.x1));
    x0 = select(x0, F(c.x2), x >= F(c.x2));
    y0 = select(y0, F(c.y2), x >= F(c.x2));
    x0 = select(x0, F(c.x3), x >= F(c.x3));
    y0 = select(y0, F(c.y3), x >= F(c.x3));
    x0 = select(x0, F(c.x4), x >= F(c.x4));
    y0 = select(y0, F(c.y4), x >= F(c.x4));
    x0 = select(x0, F(c.x5), x >= F(c.x5));
    y0 = select(y0, F(c.y5), x >= F(c.x5));
    x0 = select(x0, F(c.x6), x >= F(c.x6));
    y0 = select(y0, F(c.y6), x >= F(c.x6));
    x0 = select(x0, F(c.x7), x >= F(c.x7));
    y0 = select(y0, F(c.y7), x >= F(c.x7));
    let slope = piecewise_linear_slope(x, c);
    // A flat piece stays flat at infinity, where the product would be NaN.
    let rise = select(slope * (x - x0), F(0.0), slope == F(0.0));
    return nan_of(y0 + rise, x);
}

fn piecewise_linear_slope(x: F, c: PiecewiseLinear) -> F {
    var slope = F(c.slope0);
    slope = select(slope, F(c.slope1), x >= F(c.x0));
    slope = select(slope, F(c.slope2), x >= F(c.x1));
    slope = select(slope, F(c.slope3), x >= F(c.x2));
    slope = select(slope, F(c.slope4), x >= F(c.x3));
    slope = select(slope, F(c.slope5), x >= F(c.x4));
    slope = select(slope, F(c.slope6), x >= F(c.x5));
    slope = select(slope, F(c.slope7), x >= F(c.x6));
    slope = select(slope, F(c.slope8), x >= F(c.x7));
    return slope;
}

fn piecewise_linear_derivative(x: F, c: PiecewiseLinear) -> F {
    return nan_of(piecewise_linear_slope(x, c), x);
}
