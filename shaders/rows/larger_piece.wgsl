// Whether x takes the place of the largest so far: the first of equal ones stays, and NaN stays before all.
fn takes_place(x: F, best: F) -> B {
    return ((x > best) | is_nan(x)) & !is_nan(best);
}
