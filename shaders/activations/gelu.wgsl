// gelu(x) = x * Phi(x), Phi the normal distribution function.
// From the tail h = 1 - Phi(t): -t * h on the left, x - t * h on the right, t = |x|; x/2 * (1 + erf) would lose everything below -6.
// Function and derivative share what they can where a kernel computes both.

// Here exp(-t^2/2) times 2^4 is taken for 0.
const GELU_LIMIT: f32 = 13.46;

fn gelu_forward(x: F) -> F {
    let a = abs(x);
    let t = min(a, F(GELU_LIMIT));
    let v = tail_variable(t, a);
    // t (1 - Phi(t)) exp(t^2/2) = ratio t (1 - v), and t (1 - v) = 4 v, which far out hardly feels an error of v. Times 2^-4.
    let factor = tail_ratio(v) * (0.25 * v);
    let tail = exp_times_flushed(exp_of_square(t, -0.5), factor, 4u);
    // Near 0 the tail may be flushed to zero where x is a normal number.
    return select(max(x, F(0.0)) - tail, 0.5 * x, t < F(1e-20));
}

// Phi(x) + x * phi(x). With t = |x| its distance from the limit 0 or 1 is exp(-t^2/2) * (t - t0) * w(t), t0 the root; so nothing
// cancels there.
fn gelu_derivative(x: F) -> F {
    let a = abs(x);
    let t = min(a, F(GELU_LIMIT));
    let z = tail_centred(tail_variable(t, a));
    // Times 2^-4, and one chain, for registers.
    let w = -0x1.e78fa8p-6f + z * (-0x1.eb0176p-7f + z * (-0x1.2694fcp-6f + z * (-0x1.0f3814p-6f + z * (-0x1.5a7f6ap-7f + z * (-0x1.a5a564p-9f
        + z * (0x1.53eb16p-10f + z * (0x1.894364p-10f + z * (-0x1.da53d2p-14f + z * -0x1.d8a1e8p-12f))))))));
    // (t - t0) w, the difference by a pair; fused it has one rounding.
    let product = fma(launder(t - 0x1.80ead2p-1f), w, 0x1.a03fd4p-27f * w);
    let left = exp_times_flushed(exp_of_square(t, -0.5), product, 4u);
    return select(1.0 - left, left, bitcast<I>(x) < I(0));
}
