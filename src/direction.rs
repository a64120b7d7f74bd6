//! Which of a function's values is asked for.

/// What is computed of a function `f`, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// `f(x)`.
    Forward,
    /// `f'(x)`.
    Derivative,
    /// `grad * f'(x)`: the gradient of the input, given the gradient of the output. A zero on either side gives zero, also
    /// beside an infinity: a unit that is switched off passes nothing on.
    Backward,
    /// `f'(x)` computed from `y = f(x)`, where that is possible.
    DerivativeFromOutput,
    /// `grad * f'(x)` computed from `y = f(x)`, where that is possible.
    BackwardFromOutput,
}

impl Direction {
    /// Every direction.
    pub const ALL: [Self; 5] = [
        Self::Forward,
        Self::Derivative,
        Self::Backward,
        Self::DerivativeFromOutput,
        Self::BackwardFromOutput,
    ];

    /// The name in code and on the command line: `forward`, `derivative`, `backward`, `derivative_from_output`,
    /// `backward_from_output`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Derivative => "derivative",
            Self::Backward => "backward",
            Self::DerivativeFromOutput => "derivative_from_output",
            Self::BackwardFromOutput => "backward_from_output",
        }
    }

    /// Whether an incoming gradient is an operand.
    pub fn takes_grad(self) -> bool {
        matches!(self, Self::Backward | Self::BackwardFromOutput)
    }

    /// Whether the operand is the function's output instead of its input.
    pub fn from_output(self) -> bool {
        matches!(self, Self::DerivativeFromOutput | Self::BackwardFromOutput)
    }

    /// Bytes of f32 that have to be read and written for one element.
    pub fn bytes_per_element(self) -> usize {
        if self.takes_grad() { 12 } else { 8 }
    }
}

impl std::fmt::Display for Direction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for Direction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.replace('-', "_");
        Self::ALL
            .into_iter()
            .find(|d| d.name() == name)
            .ok_or_else(|| {
                format!(
                    "\"{text}\" is no direction; there is: {}",
                    Self::ALL.map(Self::name).join(", ")
                )
            })
    }
}
