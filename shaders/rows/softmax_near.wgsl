// The exponentials of a row without its maximum: where no exponent is beyond 42 they lose nothing by it, the quotients are right down to
// the smallest number, and the row is read twice and not three times.
const NEAR_BITS: u32 = 0x42280000u;

// u / T.
fn divided(u: F) -> Pair {
    return product_pair(params.inverse_hi, params.inverse_lo, u);
}

// exp(u / T), where that is near.
fn exp_near(exponent: Pair) -> F {
    let e = exp_pair(exponent.hi, exponent.lo);
    return exp_mantissa(e) * pow2_of(e.k);
}

struct NearSum {
    sum: f32,
    // The bits of the largest magnitude of an exponent: NaN above all.
    largest: u32,
}

fn gather_near(run: Run) -> NearSum {
    let vectors = run.count / 4u;
    var total = Total(F(0.0), F(0.0));
    var bits = U(0u);
    var j = 0u;
    for (; j + 3u < vectors; j += 4u) {
        let a = divided(signed(load_x(run, j, F(0.0))));
        let b = divided(signed(load_x(run, j + 1u, F(0.0))));
        let c = divided(signed(load_x(run, j + 2u, F(0.0))));
        let d = divided(signed(load_x(run, j + 3u, F(0.0))));
        bits = max(bits, max(max(magnitude(a.hi), magnitude(b.hi)), max(magnitude(c.hi), magnitude(d.hi))));
        total = add(total, (exp_near(a) + exp_near(b)) + (exp_near(c) + exp_near(d)));
    }
    for (; j < vectors; j += 1u) {
        let a = divided(signed(load_x(run, j, F(0.0))));
        bits = max(bits, magnitude(a.hi));
        total = add(total, exp_near(a));
    }
    return NearSum(across(total.sum), largest_bits(bits));
}
