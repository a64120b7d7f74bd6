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

// CAPACITY, 2, 4 or 8, is the number of points that the kernel is compiled for: a curve pays for no more than it has.
fn piecewise_linear_forward(x: F, c: PiecewiseLinear) -> F {
    var right = x >= F(c.x0);
    var x0 = F(c.x0);
    var y0 = F(c.y0);
    var slope = select(F(c.slope0), F(c.slope1), right);
    right = x >= F(c.x1);
    x0 = select(x0, F(c.x1), right);
    y0 = select(y0, F(c.y1), right);
    slope = select(slope, F(c.slope2), right);
    if CAPACITY > 2u {
        right = x >= F(c.x2);
        x0 = select(x0, F(c.x2), right);
        y0 = select(y0, F(c.y2), right);
        slope = select(slope, F(c.slope3), right);
        right = x >= F(c.x3);
        x0 = select(x0, F(c.x3), right);
        y0 = select(y0, F(c.y3), right);
        slope = select(slope, F(c.slope4), right);
    }
    if CAPACITY > 4u {
        right = x >= F(c.x4);
        x0 = select(x0, F(c.x4), right);
        y0 = select(y0, F(c.y4), right);
        slope = select(slope, F(c.slope5), right);
        right = x >= F(c.x5);
        x0 = select(x0, F(c.x5), right);
        y0 = select(y0, F(c.y5), right);
        slope = select(slope, F(c.slope6), right);
        right = x >= F(c.x6);
        x0 = select(x0, F(c.x6), right);
        y0 = select(y0, F(c.y6), right);
        slope = select(slope, F(c.slope7), right);
        right = x >= F(c.x7);
        x0 = select(x0, F(c.x7), right);
        y0 = select(y0, F(c.y7), right);
        slope = select(slope, F(c.slope8), right);
    }
    // A flat piece stays flat at infinity, where the product would be NaN.
    let rise = select(slope * (x - x0), F(0.0), slope == F(0.0));
    return nan_of(y0 + rise, x);
}

fn piecewise_linear_derivative(x: F, c: PiecewiseLinear) -> F {
    var slope = select(F(c.slope0), F(c.slope1), x >= F(c.x0));
    slope = select(slope, F(c.slope2), x >= F(c.x1));
    if CAPACITY > 2u {
        slope = select(slope, F(c.slope3), x >= F(c.x2));
        slope = select(slope, F(c.slope4), x >= F(c.x3));
    }
    if CAPACITY > 4u {
        slope = select(slope, F(c.slope5), x >= F(c.x4));
        slope = select(slope, F(c.slope6), x >= F(c.x5));
        slope = select(slope, F(c.slope7), x >= F(c.x6));
        slope = select(slope, F(c.slope8), x >= F(c.x7));
    }
    return nan_of(slope, x);
}
