//! The ramp of the hard gates: where `alpha·x + beta` lies between 0 and 1.

/// Ends of the ramp. A gate that compares its rounded value with 0 and 1 would put inputs beside an end on the wrong side.
pub(super) struct Ramp {
    /// Where the gate begins to open.
    pub start: f64,
    /// Where the gate is open.
    pub end: f64,
    /// The largest f32 that is not above `start`.
    pub below: f32,
    /// The smallest f32 that is not below `end`.
    pub above: f32,
}

impl Ramp {
    /// `alpha` is positive.
    pub fn new(alpha: f64, beta: f64) -> Self {
        let (start, end) = (-beta / alpha, (1.0 - beta) / alpha);
        let below = if f64::from(start as f32) <= start {
            start as f32
        } else {
            (start as f32).next_down()
        };
        let above = if f64::from(end as f32) >= end {
            end as f32
        } else {
            (end as f32).next_up()
        };
        Self {
            start,
            end,
            below,
            above,
        }
    }
}
