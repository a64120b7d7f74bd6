//! The functions of the crate as WGSL for a shader of one's own: no entry point, no binding, only what the chosen functions need.
//!
//! ```
//! use nonlin::{Activation, wgsl};
//! let functions = wgsl::source(&[Activation::gelu(), Activation::leaky_relu()])?;
//! let shader = format!(
//!     "{functions}
//!     struct Params {{ zero: u32, slope: f32 }}
//!     @group(0) @binding(0) var<uniform> params: Params;
//!     @group(0) @binding(1) var<storage, read_write> data: array<f32>;
//!
//!     fn nonlin_zero_bits() -> u32 {{ return params.zero; }}
//!
//!     @compute @workgroup_size(64)
//!     fn main(@builtin(global_invocation_id) id: vec3<u32>) {{
//!         let x = data[id.x];
//!         data[id.x] = nonlin_gelu_forward(x) + nonlin_leaky_relu_derivative(x, nonlin_LeakyRelu(params.slope));
//!     }}"
//! );
//! # naga::front::wgsl::parse_str(&shader).unwrap();
//! # Ok::<(), nonlin::Error>(())
//! ```
//!
//! # How to call a function
//!
//! | text | for |
//! |---|---|
//! | `nonlin_ID_forward(x)` | f(x) |
//! | `nonlin_ID_derivative(x)` | f'(x) |
//! | `nonlin_ID_derivative_from_output(y)` | f'(x) from y = f(x), with [`Source::derivative_from_output`] |
//!
//! A function with parameters takes a structure of constants after `x`: `nonlin_leaky_relu_forward(x, nonlin_LeakyRelu(0.1))`. Its name
//! and fields stand in the text. [`Activation::shader_constants`] gives the numbers for the fields in their order: they are not always
//! the parameters alone. All fields are `f32`, so that the structure can stand in a storage buffer as it is, and in a uniform one with
//! `@align(16)`. [`Source::call`] writes a call with the numbers in it.
//!
//! Every name that the text declares begins with `nonlin_`, or with the prefix of one's choice, so that `F` or `Pair` of a shader of one's
//! own stay free.
//!
//! # The zero that only exists at run time
//!
//! Compilers may rewrite `(a + b) - a` to `b`, and some do; exp, log and all that is made of them then lose most of their digits. The
//! mathematics hides numbers from the compiler by XORing their bits with a zero, which must therefore be one that the compiler does not
//! know: a word of a uniform or storage buffer that the program leaves 0. The shader gives it to the text in one of two ways: it declares
//! `fn nonlin_zero_bits() -> u32` itself, as above, or [`Source::zero`] puts an expression into the text. A literal `0u` compiles, and
//! gives up the stated accuracy. Functions that do not need it (relu and the other straight lines) do without.

mod library;
mod text;

use crate::{Activation, Direction, Error, Result};
pub use library::Lanes;
pub(crate) use library::{DENSE, MAP, MATH, PARTS, SUM, SUM_SHARED, closure, own_names};
use std::collections::HashSet;
pub(crate) use text::{Declaration, Kind, Token, declarations, line_and_column, rename, tokens};

/// The WGSL of these functions and their derivatives, one element at a time, every name with `nonlin_` before it; see the
/// [module](self). [`Source`] has choices.
///
/// # Errors
/// None for functions of the catalogue and custom ones as they are made today.
pub fn source(functions: &[Activation]) -> Result<String> {
    Source::new(functions).build()
}

/// Makes WGSL with choices of one's own; see the [module](self).
///
/// ```
/// use nonlin::{Activation, wgsl};
/// let text = wgsl::Source::new(&[Activation::silu()])
///     .lanes(wgsl::Lanes::Vec4)
///     .prefix("act_")
///     .zero("params.zero")
///     .build()?;
/// assert!(text.contains("fn act_silu_derivative(x: act_F) -> act_F"));
/// # Ok::<(), nonlin::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Source {
    functions: Vec<Activation>,
    lanes: Lanes,
    prefix: String,
    zero: Option<String>,
    from_output: bool,
}

impl Source {
    /// These functions, each with its derivative. Parameters do not matter: they are arguments of the functions.
    pub fn new(functions: &[Activation]) -> Self {
        Self {
            functions: functions.to_vec(),
            lanes: Lanes::default(),
            prefix: "nonlin_".to_owned(),
            zero: None,
            from_output: false,
        }
    }

    /// How many elements a call computes; one unless this says otherwise. A custom function takes one only.
    pub fn lanes(mut self, lanes: Lanes) -> Self {
        self.lanes = lanes;
        self
    }

    /// What every name begins with; `nonlin_` unless this says otherwise. May be empty.
    pub fn prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }

    /// An expression of the shader's for a `u32` that is zero at run time, unknown to the compiler: `params.zero`. Without it the shader
    /// has to declare `fn nonlin_zero_bits() -> u32`, with the prefix.
    pub fn zero(mut self, expression: &str) -> Self {
        self.zero = Some(expression.to_owned());
        self
    }

    /// Whether the derivatives from the output are part of the text, of the functions that have one.
    pub fn derivative_from_output(mut self, wanted: bool) -> Self {
        self.from_output = wanted;
        self
    }

    /// The text.
    ///
    /// # Errors
    /// [`Error::InvalidSource`] for a prefix that no name can begin with, a zero that is no expression, and a custom function where calls
    /// compute four elements.
    pub fn build(&self) -> Result<String> {
        self.check()?;
        let capacity = self.functions.iter().map(Activation::capacity).max();
        // One for all of them: points that a curve does not have repeat its last one.
        let capacity = match capacity {
            Some(capacity) if capacity > 0 => format!("const CAPACITY: u32 = {capacity}u;"),
            _ => String::new(),
        };
        let mut own = declarations(&capacity);
        let mut roots: Vec<String> = Vec::new();
        let mut seen = HashSet::new();
        for f in &self.functions {
            let name = f.entry().shader_name();
            if seen.insert(name) {
                own.extend(declarations(f.wgsl()));
                roots.extend(self.directions(f).map(|direction| function(f, direction)));
            }
        }
        let roots: HashSet<&str> = roots.iter().map(String::as_str).collect();
        let text = closure(self.lanes, &own, &roots);
        let declared: HashSet<&str> = declarations(&text)
            .iter()
            .map(|declaration| declaration.name)
            .chain([ZERO])
            .collect();
        let mut renamed = rename(&text, |name| {
            declared.contains(name).then(|| self.named(name))
        });
        renamed.push('\n');
        if let (Some(zero), true) = (&self.zero, uses(&text, ZERO)) {
            renamed += &format!(
                "\nfn {}() -> u32 {{\n    return {zero};\n}}\n",
                self.named(ZERO)
            );
        }
        Ok(renamed)
    }

    /// A call of the function that computes `direction` of `f` (the factor of the gradient for the backward directions) for an expression
    /// of the shader's, with the constants written out: `nonlin_leaky_relu_forward(x, nonlin_LeakyRelu(0x1.99999ap-4f))`. A compiler may
    /// compute with such constants in another order, so that results may differ from the crate's own in the last bit.
    ///
    /// # Errors
    /// [`Error::NoDerivativeFromOutput`], a parameter out of its range.
    pub fn call(&self, f: &Activation, direction: Direction, x: &str) -> Result<String> {
        let constants = f.shader_constants();
        self.call_with(f, direction, x, |i| self.literal(constants[i]))
    }

    /// As [`call`](Self::call), with an expression of the shader's for each of the constants, which [`Activation::shader_constants`] gives:
    /// so another parameter is other data, and not another shader.
    ///
    /// ```
    /// use nonlin::{Activation, Direction, wgsl};
    /// let (source, f) = (wgsl::Source::new(&[]), Activation::leaky_relu());
    /// let call = source.call_with(&f, Direction::Forward, "x", |i| format!("constants[{i}]"))?;
    /// assert_eq!(call, "nonlin_leaky_relu_forward(x, nonlin_LeakyRelu(constants[0]))");
    /// # Ok::<(), nonlin::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_with(
        &self,
        f: &Activation,
        direction: Direction,
        x: &str,
        constant: impl Fn(usize) -> String,
    ) -> Result<String> {
        f.validate()?;
        if direction.from_output() {
            f.require_derivative_from_output()?;
        }
        let function = self.named(&function(f, direction));
        let Some(structure) = constants_structure(f.wgsl(), f.entry().shader_name()) else {
            return Ok(format!("{function}({x})"));
        };
        let constants: Vec<String> = (0..f.shader_constants().len()).map(constant).collect();
        let structure = self.named(structure);
        Ok(format!(
            "{function}({x}, {structure}({}))",
            constants.join(", ")
        ))
    }

    fn directions(&self, f: &Activation) -> impl Iterator<Item = Direction> + use<> {
        let from_output = self.from_output && f.has_derivative_from_output();
        [
            Some(Direction::Forward),
            Some(Direction::Derivative),
            from_output.then_some(Direction::DerivativeFromOutput),
        ]
        .into_iter()
        .flatten()
    }

    fn named(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The number in WGSL, bit by bit.
    fn literal(&self, value: f32) -> String {
        if value.is_finite() {
            return hexadecimal(value);
        }
        // No literal, and no constant expression either.
        format!(
            "bitcast<f32>({}u ^ {}())",
            value.to_bits(),
            self.named(ZERO)
        )
    }

    fn check(&self) -> Result<()> {
        let fail = |reason: String| Err(Error::InvalidSource { reason });
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let prefix = &self.prefix;
        if !prefix.chars().all(letters)
            || prefix.starts_with("__")
            || prefix.starts_with(|c: char| c.is_ascii_digit())
        {
            return fail(format!("no name can begin with \"{prefix}\""));
        }
        if let Some(zero) = &self.zero {
            let words = tokens(zero);
            let mut depth = 0_i32;
            let mut whole = !words.is_empty();
            for word in &words {
                match word.text {
                    "(" | "[" => depth += 1,
                    ")" | "]" => depth -= 1,
                    ";" | "{" | "}" => whole = false,
                    _ => {}
                }
                whole &= depth >= 0;
            }
            // A comment may hide what follows it.
            if !whole || depth != 0 || zero.contains("//") || zero.contains("/*") {
                return fail(format!("\"{zero}\" is no expression for a zero"));
            }
        }
        match self.functions.iter().find(|f| f.entry().scalar_lanes()) {
            Some(f) if self.lanes != Lanes::Scalar => fail(format!(
                "{} is a custom function, which takes one element at a time",
                f.id()
            )),
            _ => Ok(()),
        }
    }
}

/// The function that the shader provides.
const ZERO: &str = "zero_bits";

fn uses(text: &str, name: &str) -> bool {
    tokens(text).iter().any(|token| token.text == name)
}

/// The function in WGSL that `direction` of `f` needs.
fn function(f: &Activation, direction: Direction) -> String {
    let form = match direction {
        Direction::Forward => "forward",
        Direction::Derivative | Direction::Backward => "derivative",
        Direction::DerivativeFromOutput | Direction::BackwardFromOutput => "derivative_from_output",
    };
    format!("{}_{form}", f.entry().shader_name())
}

/// The type of the second parameter of the function, which is its structure of constants; `None` where it has none.
fn constants_structure<'a>(source: &'a str, shader_name: &str) -> Option<&'a str> {
    let forward = format!("{shader_name}_forward");
    let declared = declarations(source)
        .into_iter()
        .find(|d| d.name == forward)?;
    // fn name ( x : F , c : Structure )
    let words = declared.tokens;
    let open = words.iter().position(|word| word.text == "(")?;
    let comma = words.get(open + 4).filter(|word| word.text == ",")?;
    let after = words.iter().position(|word| word.at == comma.at)? + 3;
    words.get(after).map(|word| word.text)
}

impl Activation {
    /// The numbers for the structure of constants that the function's WGSL takes beside `x`, in the order of its fields; none where it
    /// takes no structure. They follow from the parameters: swish's are beta, and what its kernels would else compute for every element.
    ///
    /// ```
    /// use nonlin::Activation;
    /// assert_eq!(Activation::LeakyRelu { slope: 0.1 }.shader_constants(), [0.1]);
    /// assert!(Activation::gelu().shader_constants().is_empty());
    /// ```
    pub fn shader_constants(&self) -> Vec<f32> {
        let source = self.wgsl();
        let fields = constants_structure(source, self.entry().shader_name())
            .and_then(|name| declarations(source).into_iter().find(|d| d.name == name))
            .map_or(0, |structure| {
                structure.tokens.iter().filter(|t| t.text == ":").count()
            });
        self.constants()[..fields].to_vec()
    }
}

/// A finite number as a hexadecimal literal, which every compiler reads to the same bits.
fn hexadecimal(value: f32) -> String {
    let bits = value.to_bits();
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let (exponent, mantissa) = ((bits >> 23) & 0xff, (bits & 0x007f_ffff) << 1);
    match exponent {
        0 if mantissa == 0 => format!("{sign}0.0f"),
        0 => format!("{sign}0x0.{mantissa:06x}p-126f"),
        _ => format!("{sign}0x1.{mantissa:06x}p{}f", exponent as i32 - 127),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_keep_every_bit() {
        for (value, text) in [
            (0.0, "0.0f"),
            (0.1, "0x1.99999ap-4f"),
            (-1.0, "-0x1.000000p0f"),
            (f32::MAX, "0x1.fffffep127f"),
            (f32::from_bits(1), "0x0.000002p-126f"),
        ] {
            assert_eq!(hexadecimal(value), text);
        }
    }
}
