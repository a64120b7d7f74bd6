// What several of the textbook formulas use.
fn naive_sigmoid(x: f32) -> f32 {
    return 1.0 / (1.0 + exp(-x));
}

// Abramowitz and Stegun 7.1.26.
fn naive_erf(x: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.3275911 * abs(x));
    let p = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
    return sign(x) * (1.0 - p * exp(-x * x));
}
