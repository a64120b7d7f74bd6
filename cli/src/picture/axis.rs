//! One axis: its ends, its ticks, and where a number lies on it.

/// The ends of an axis, linear or logarithmic; never empty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    low: f64,
    high: f64,
    log: bool,
}

/// Beyond these a span, or a power of ten, would leave the range of f64.
const LARGEST: f64 = 1e150;
const SMALLEST: f64 = 1e-150;

impl Axis {
    /// From `low` to `high`; ends that make no axis are moved apart.
    pub fn new((low, high): (f64, f64), log: bool) -> Self {
        let scale = |x: f64| {
            if log {
                x.clamp(SMALLEST, LARGEST).log10()
            } else {
                x.clamp(-LARGEST, LARGEST)
            }
        };
        let (low, high) = (scale(low), scale(high));
        let least = 1e-9 * low.abs().max(high.abs()).max(SMALLEST / 1e-9);
        if high - low > least {
            return Self { low, high, log };
        }
        let half = if log { 0.5 } else { 0.5 * low.abs().max(1.0) };
        Self {
            low: low - half,
            high: low + half,
            log,
        }
    }

    /// Around all finite numbers of `values`, with some room.
    pub fn around(values: impl Iterator<Item = f64>, log: bool, room: f64) -> Self {
        let usable = values.filter(|x| x.is_finite() && (!log || *x > 0.0));
        let ends = usable.fold(None, |ends: Option<(f64, f64)>, x| {
            let (low, high) = ends.unwrap_or((x, x));
            Some((low.min(x), high.max(x)))
        });
        let ends = ends.unwrap_or(if log { (1.0, 10.0) } else { (0.0, 1.0) });
        let mut axis = Self::new(ends, log);
        let margin = room * (axis.high - axis.low);
        axis.low -= margin;
        axis.high += margin;
        axis
    }

    /// Where `x` lies between the ends: 0 at the low one, 1 at the high one; `None` for what the axis cannot show at all.
    pub fn place(&self, x: f64) -> Option<f64> {
        let x = match self.log {
            true if x > 0.0 => x.log10(),
            true => return None,
            false => x,
        };
        let place = (x - self.low) / (self.high - self.low);
        place.is_finite().then_some(place)
    }

    /// About `count` round numbers between the ends, with their texts.
    pub fn ticks(&self, count: usize) -> Vec<(f64, String)> {
        let raw = (self.high - self.low) / count.max(1) as f64;
        let power = 10_f64.powi(raw.log10().floor() as i32);
        let steps = [1.0, 2.0, 5.0, 10.0];
        let step = steps
            .iter()
            .map(|s| s * power)
            .find(|step| *step >= raw * 0.999);
        let mut step = step.unwrap_or(10.0 * power);
        if self.log {
            step = step.max(1.0).round();
        }
        let (first, last) = (
            (self.low / step - 1e-9).ceil(),
            (self.high / step + 1e-9).floor(),
        );
        // The span is at most `count` steps by construction; a rounded step can only be larger.
        let ticks =
            (0..=(last - first).clamp(-1.0, 100.0) as i64).map(|i| (first + i as f64) * step);
        if last < first {
            return Vec::new();
        }
        if self.log {
            return ticks.map(|e| (10_f64.powf(e), power_of_ten(e))).collect();
        }
        ticks.map(|x| (x, number(x, step))).collect()
    }
}

/// A power of ten as text: plain where that is short.
fn power_of_ten(exponent: f64) -> String {
    if (-3.0..=4.0).contains(&exponent) {
        return rounded(10_f64.powf(exponent), 3);
    }
    format!("1e{exponent}")
}

/// A tick's number with the digits that its step needs.
fn number(x: f64, step: f64) -> String {
    let x = if x.abs() < step * 1e-6 { 0.0 } else { x };
    if x != 0.0 && !(1e-3..1e5).contains(&step) {
        let text = format!("{x:.2e}");
        return text.replace(".00e", "e").replace("0e", "e");
    }
    let digits = (-(step * 1.001).log10().floor()).max(0.0) as usize;
    rounded(x, digits)
}

/// A number with at most `digits` after the point.
pub fn rounded(x: f64, digits: usize) -> String {
    let text = format!("{x:.digits$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    let text = if text == "-0" { "0" } else { text };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers() {
        let texts = |axis: Axis| -> Vec<String> {
            axis.ticks(5).into_iter().map(|(_, text)| text).collect()
        };
        assert_eq!(
            texts(Axis::new((-4.0, 4.0), false)),
            ["-4", "-2", "0", "2", "4"]
        );
        assert_eq!(
            texts(Axis::new((0.0, 1.0), false)),
            ["0", "0.2", "0.4", "0.6", "0.8", "1"]
        );
        assert_eq!(
            texts(Axis::new((1.0, 1e3), true)),
            ["1", "10", "100", "1000"]
        );
    }

    #[test]
    fn an_axis_without_length_gets_one() {
        for x in [0.0, 1.0, -1e300, 1e-300] {
            for log in [false, true] {
                let axis = Axis::new((x, x), log);
                assert!(axis.high > axis.low, "{x}");
            }
        }
    }
}
