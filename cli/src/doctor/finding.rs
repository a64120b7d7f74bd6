//! [`Finding`]: one line of the report.

use crate::number::shortest;
use crate::ulp::Worst;
use serde::Serialize;

/// One thing that was asked of an adapter, and the answer.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// The name in JSON.
    #[serde(skip)]
    pub id: &'static str,
    /// What was asked.
    pub asked: String,
    /// The answer in words.
    pub answer: String,
    /// Largest error; infinite, which is `null`, where a NaN is missing or too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_ulp: Option<f64>,
    /// The input where it is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<f32>,
    /// For what the crate is built on: whether it holds here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed: Option<bool>,
}

impl Finding {
    /// What an adapter does, which is neither right nor wrong.
    pub fn new(id: &'static str, asked: &str, answer: impl Into<String>) -> Self {
        Self {
            id,
            asked: asked.to_owned(),
            answer: answer.into(),
            max_ulp: None,
            at: None,
            passed: None,
        }
    }

    /// With the largest error and where it is.
    pub fn with_error(self, worst: &Worst) -> Self {
        Self {
            max_ulp: Some(worst.ulp),
            at: (worst.ulp > 0.0).then_some(worst.x),
            ..self
        }
    }

    /// Something that the crate is built on: the answer begins with the verdict.
    pub fn judged(self, passed: bool) -> Self {
        let verdict = if passed { "pass" } else { "FAIL" };
        let answer = match self.answer.as_str() {
            "" => verdict.to_owned(),
            answer => format!("{verdict}: {answer}"),
        };
        Self {
            answer,
            passed: Some(passed),
            ..self
        }
    }
}

/// `2 ULP at 0.1`.
pub fn error_in_words(worst: &Worst) -> String {
    if worst.ulp == 0.0 {
        return "0 ULP".to_owned();
    }
    let at = shortest(worst.x);
    if worst.ulp.is_infinite() {
        let [got, want] = [worst.got, worst.want].map(shortest);
        return format!("{got} instead of {want} at {at}");
    }
    format!("{} ULP at {at}", ulps(worst.ulp))
}

/// A number of ULP with as many digits as say something.
pub fn ulps(count: f64) -> String {
    match count {
        _ if count >= 1e7 => format!("{count:.1e}"),
        _ if count >= 100.0 => crate::number::grouped(count.round() as usize),
        _ => format!("{}", (count * 10.0).round() / 10.0),
    }
}
