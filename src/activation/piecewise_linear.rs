//! piecewise_linear, straight lines through points.

use super::elementwise::{Constants, Elementwise, constants};
use super::metadata::{Family, Metadata, Parameter};
use crate::cpu::Lanes;

pub(super) struct Function;

/// Start of the first point's x, of its y, and of the slopes in the constants.
const X: usize = 0;
const Y: usize = 8;
const SLOPE: usize = 16;

/// Slope `i` is that to the left of point `i`; the last one that to the right of the last point.
fn slope(p: &[f64], i: usize) -> f64 {
    let points = &p[2..];
    if i == 0 {
        p[0]
    } else if 2 * i == points.len() {
        p[1]
    } else {
        (points[2 * i + 1] - points[2 * i - 1]) / (points[2 * i] - points[2 * i - 2])
    }
}

/// The slope that holds at `x` and a point on its line.
fn piece(x: f64, p: &[f64]) -> (f64, f64, f64) {
    let points = &p[2..];
    let right_of = points.chunks(2).take_while(|point| x >= point[0]).count();
    let anchor = 2 * right_of.saturating_sub(1);
    (slope(p, right_of), points[anchor], points[anchor + 1])
}

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "piecewise_linear",
        aliases: &["piecewise"],
        family: Family::Linear,
        formula: "straight lines through the points, with slope left before the first and right after the last",
        derivative_formula: "the slope of the piece; at a point that of the piece to its right",
        source: "the course chapter's prerequisite: every such function is a sum of rectifiers",
        range: "depends on the points",
        saturating: true,
        smooth: false,
        used_for: "approximating any function by lines; learned activations; look-up tables",
        risk: "kinks at every point; the gradient says nothing about the next piece",
        parameters: &[Parameter::new("left", 0.0, -1e6, 1e6), Parameter::new("right", 0.0, -1e6, 1e6)],
        forward_error: Metadata::error_with("piecewise_linear(left=-1, right=0.3, points=[-2:1.5, 0.1:-7, 3:0])", 2, -0.21687001),
        derivative_error: Metadata::error(0, 0.0),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/piecewise_linear.wgsl");

    fn check(p: &[f64]) -> Result<(), String> {
        match p[2..].chunks(2).find(|point| point[0].abs() > 1e30) {
            Some(point) => Err(format!("a point's x is {}, allowed are -1e30 to 1e30", point[0])),
            None => Ok(()),
        }
    }

    fn constants(p: &[f64]) -> Constants {
        let points = &p[2..];
        let mut c = constants([]);
        for i in 0..8 {
            // Points that are not used repeat the last one.
            let used = i.min(points.len() / 2 - 1);
            c[X + i] = points[2 * used] as f32;
            c[Y + i] = points[2 * used + 1] as f32;
            c[SLOPE + 1 + i] = slope(p, used + 1) as f32;
        }
        c[SLOPE] = p[0] as f32;
        c
    }

    fn capacity(p: &[f64]) -> u32 {
        (p[2..].len() as u32 / 2).next_power_of_two().max(2)
    }

    fn reference(x: f64, p: &[f64]) -> f64 {
        let (slope, x0, y0) = piece(x, p);
        // A flat piece stays flat at infinity.
        if slope == 0.0 { y0 } else { y0 + slope * (x - x0) }
    }

    fn reference_derivative(x: f64, p: &[f64]) -> f64 {
        piece(x, p).0
    }

    fn magnitude(x: f64, p: &[f64]) -> f64 {
        let (slope, x0, y0) = piece(x, p);
        if slope == 0.0 { y0.abs() } else { y0.abs().max((slope * (x - x0)).abs()) }
    }

    fn kinks(p: &[f64]) -> Vec<f64> {
        let points = &p[2..];
        (0..points.len() / 2).filter(|&i| slope(p, i) != slope(p, i + 1)).map(|i| points[2 * i]).collect()
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, c: &Constants) -> L {
        let zero = L::splat(0.0);
        let (mut slope, mut x0, mut y0) = (L::splat(c[SLOPE]), L::splat(c[X]), L::splat(c[Y]));
        for i in 0..8 {
            let right = x.ge(L::splat(c[X + i]));
            slope = L::select(right, L::splat(c[SLOPE + 1 + i]), slope);
            x0 = L::select(right, L::splat(c[X + i]), x0);
            y0 = L::select(right, L::splat(c[Y + i]), y0);
        }
        // A flat piece stays flat at infinity, where the product would be NaN.
        let rise = L::select(slope.eq(zero), zero, slope * (x - x0));
        (y0 + rise).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        let mut slope = L::splat(c[SLOPE]);
        for i in 0..8 {
            slope = L::select(x.ge(L::splat(c[X + i])), L::splat(c[SLOPE + 1 + i]), slope);
        }
        slope.nan_of(x)
    }
}
