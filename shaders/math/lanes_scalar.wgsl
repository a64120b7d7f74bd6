// The types that the mathematics is written in, one element at a time: for text that knows no vectors.
alias F = f32;
alias U = u32;
alias I = i32;
alias B = bool;
