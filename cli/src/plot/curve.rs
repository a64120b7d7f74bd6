//! A function's points, dense enough for its steep parts, with a gap where it jumps.

use super::Range;
use crate::failure::Failure;
use crate::reference::Reference;
use nonlin::{Chain, Direction, Engine};

/// Intervals of the even grid; a power of two, so that the grid of -4..4 has exact numbers.
const INTERVALS: u16 = 512;
/// Neighbours farther apart than this part of the panel's height get more points between them.
const ROUGH: f64 = 0.04;
const ROUNDS: usize = 4;
const BETWEEN: u8 = 7;
/// Neighbours nearer than this part of the range, and still far apart in height, are a jump.
const JUMP: f64 = 1e-4;

/// One function and one engine.
pub struct Curve<'a> {
    engine: &'a dyn Engine,
    f: &'a Chain<'static>,
    direction: Direction,
    reference: Option<Reference>,
    points: Vec<(f32, f64)>,
}

impl<'a> Curve<'a> {
    /// The points of the grid, and of `corners`.
    pub fn new(
        engine: &'a dyn Engine,
        f: &'a Chain<'static>,
        direction: Direction,
        range: Range,
        corners: &[f32],
    ) -> Result<Self, Failure> {
        let (low, high) = (f64::from(range.low), f64::from(range.high));
        let grid = (0..=INTERVALS).map(|i| {
            let place = f64::from(i) / f64::from(INTERVALS);
            (low + place * (high - low)) as f32
        });
        let inside = |x: &&f32| range.low < **x && **x < range.high;
        let mut xs: Vec<f32> = grid.chain(corners.iter().filter(inside).copied()).collect();
        xs.sort_by(f32::total_cmp);
        xs.dedup();
        let mut curve = Self {
            engine,
            f,
            direction,
            reference: Reference::new(f).ok(),
            points: Vec::new(),
        };
        curve.points = curve.compute(&xs)?;
        Ok(curve)
    }

    /// The finite values.
    pub fn values(&self) -> impl Iterator<Item = f64> {
        self.points
            .iter()
            .map(|(_, y)| *y)
            .filter(|y| y.is_finite())
    }

    /// The engine's results. One that is as near to the exact number as its bound asks for stands for that number: engines that differ in
    /// the last bits draw the same picture, and one that is wrong does not.
    fn compute(&self, xs: &[f32]) -> Result<Vec<(f32, f64)>, Failure> {
        let mut ys = vec![0.0; xs.len()];
        self.engine
            .compute(self.f, self.direction, xs, None, &mut ys)?;
        let settled = |(&x, y): (&f32, f32)| {
            let y = f64::from(y);
            let exact = self
                .reference
                .as_ref()
                .map(|reference| reference.bounded(self.direction, f64::from(x), 1.0));
            match exact {
                Some(exact) if (y - exact.value).abs() <= exact.slack => (x, exact.value),
                _ => (x, y),
            }
        };
        Ok(xs.iter().zip(ys).map(settled).collect())
    }

    /// The points for a panel of that height: more where it is steep, and NaN where it jumps.
    pub fn refined(mut self, height: (f64, f64), range: Range) -> Result<Vec<(f64, f64)>, Failure> {
        let (low, high) = height;
        let rough = |a: f64, b: f64| {
            a.is_nan() != b.is_nan()
                || (a.clamp(low, high) - b.clamp(low, high)).abs() > ROUGH * (high - low)
        };
        for _ in 0..ROUNDS {
            let mut xs = Vec::new();
            for pair in self.points.windows(2) {
                let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
                if rough(y0, y1) {
                    let (x0, x1) = (f64::from(x0), f64::from(x1));
                    let step = (x1 - x0) / f64::from(BETWEEN + 1);
                    xs.extend((1..=BETWEEN).map(|i| (x0 + f64::from(i) * step) as f32));
                }
            }
            if xs.is_empty() {
                break;
            }
            let more = self.compute(&xs)?;
            self.points.extend(more);
            self.points.sort_by(|a, b| a.0.total_cmp(&b.0));
            self.points.dedup_by(|a, b| a.0 == b.0);
        }
        let near = JUMP * (f64::from(range.high) - f64::from(range.low));
        let mut points: Vec<(f64, f64)> = Vec::with_capacity(self.points.len());
        for (x, y) in self.points {
            let x = f64::from(x);
            let jumps = |(before, last): &(f64, f64)| rough(*last, y) && x - before < near;
            if points.last().is_some_and(jumps) {
                points.push((x, f64::NAN));
            }
            points.push((x, y));
        }
        Ok(points)
    }
}
