//! The types of parameters: a number, and a list of points.

use super::elementwise::Entry;

/// A parameter's type: how it is turned into numbers and text.
pub(super) trait ParameterValue: Sized {
    /// The standard value for this field of a function; `None` where it has to be given.
    fn standard(function: &dyn Entry, field: &str) -> Option<Self>;
    /// Appends its numbers.
    fn push(&self, out: &mut Vec<f32>);
    /// As text that [`read`](Self::read) gives back the same value from.
    fn write(&self) -> String;
    /// Reads text.
    fn read(text: &str) -> Result<Self, String>;
}

impl ParameterValue for f32 {
    fn standard(function: &dyn Entry, field: &str) -> Option<Self> {
        function
            .metadata()
            .parameters
            .iter()
            .find(|parameter| parameter.name == field)?
            .default
    }

    fn push(&self, out: &mut Vec<f32>) {
        out.push(*self);
    }

    fn write(&self) -> String {
        write_number(*self)
    }

    fn read(text: &str) -> Result<Self, String> {
        read_number(text)
    }
}

/// The shortest text that [`read_number`] gives back the same number from: 0, 0.01, 3.4028235e38.
pub(crate) fn write_number(value: f32) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

pub(crate) fn read_number(text: &str) -> Result<f32, String> {
    let text = text.trim();
    text.parse().map_err(|_| format!("\"{text}\" is no number"))
}

/// One to eight points of a piecewise linear function, x increasing.
///
/// As text: `[-1:0, 1:1]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Points {
    count: usize,
    points: [(f32, f32); Self::MAX],
}

impl Points {
    /// Largest number of points.
    pub const MAX: usize = 8;

    /// Takes points `(x, y)`.
    ///
    /// # Errors
    /// [`Error::InvalidParameters`](crate::Error::InvalidParameters) unless there are 1 to 8 of them, all finite, with x increasing.
    pub fn new(points: &[(f32, f32)]) -> crate::Result<Self> {
        Self::checked(points).map_err(|reason| crate::Error::InvalidParameters {
            function: "piecewise_linear",
            reason,
        })
    }

    fn checked(given: &[(f32, f32)]) -> Result<Self, String> {
        if given.is_empty() || given.len() > Self::MAX {
            return Err(format!(
                "{} points given, allowed are 1 to {}",
                given.len(),
                Self::MAX
            ));
        }
        if let Some((x, y)) = given.iter().find(|(x, y)| !x.is_finite() || !y.is_finite()) {
            return Err(format!("point ({x}, {y}) is not finite"));
        }
        if let Some(pair) = given.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
            return Err(format!(
                "x has to increase, but {} is followed by {}",
                pair[0].0, pair[1].0
            ));
        }
        let mut points = [(0.0, 0.0); Self::MAX];
        points[..given.len()].copy_from_slice(given);
        Ok(Self {
            count: given.len(),
            points,
        })
    }

    /// The points.
    pub fn as_slice(&self) -> &[(f32, f32)] {
        &self.points[..self.count]
    }
}

impl ParameterValue for Points {
    fn standard(_function: &dyn Entry, _field: &str) -> Option<Self> {
        Self::checked(&[(-1.0, 0.0), (1.0, 1.0)]).ok()
    }

    fn push(&self, out: &mut Vec<f32>) {
        out.extend(self.as_slice().iter().flat_map(|&(x, y)| [x, y]));
    }

    fn write(&self) -> String {
        let points: Vec<String> = self
            .as_slice()
            .iter()
            .map(|(x, y)| format!("{}:{}", x.write(), y.write()))
            .collect();
        format!("[{}]", points.join(", "))
    }

    fn read(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{}\" is no list of points like [-1:0, 1:1]", text.trim());
        let inner = text
            .trim()
            .strip_prefix('[')
            .and_then(|t| t.strip_suffix(']'))
            .ok_or_else(wrong)?;
        let points = inner
            .split(',')
            .map(|point| {
                let (x, y) = point.split_once(':').ok_or_else(wrong)?;
                Ok((f32::read(x)?, f32::read(y)?))
            })
            .collect::<Result<Vec<_>, String>>()?;
        Self::checked(&points)
    }
}
