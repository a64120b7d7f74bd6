// The types that the mathematics is written in: four elements at a time. With f32, u32, i32 and bool in their place the same
// text works on one element.
alias F = vec4<f32>;
alias U = vec4<u32>;
alias I = vec4<i32>;
alias B = vec4<bool>;
