//! What can go wrong, with the numbers.

use crate::activation::write_number;
use crate::chain::Broadcast;
use crate::custom::SourcePlace;

/// Why an operation could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No adapter could be found at all.
    #[error("no GPU adapter found ({tried}); {advice}", advice = ADAPTER_ADVICE)]
    NoAdapter {
        /// What each backend answered.
        tried: String,
    },
    /// Adapters exist, but none fits what was asked for.
    #[error("no adapter matches {wanted}; there is: {available}")]
    NoSuchAdapter {
        /// What was asked for, in words.
        wanted: String,
        /// The adapters of this machine, in words.
        available: String,
    },
    /// The adapter gave no device.
    #[error("adapter \"{adapter}\" gave no device: {reason}")]
    NoDevice {
        /// Name of the adapter.
        adapter: String,
        /// What wgpu said.
        reason: String,
    },
    /// Two operands differ in length.
    #[error("{name} holds {len} elements, {other} holds {other_len}")]
    LengthMismatch {
        /// The operand that does not fit.
        name: &'static str,
        /// Its number of elements.
        len: usize,
        /// The operand that it has to fit.
        other: &'static str,
        /// The number of elements of that one.
        other_len: usize,
    },
    /// A gradient is missing or has no use.
    #[error("{direction} {}", if *given { "takes no gradient, but one was given" } else { "needs a gradient, but none was given" })]
    Gradient {
        /// What was to be computed.
        direction: crate::Direction,
        /// Whether there was a gradient.
        given: bool,
    },
    /// A parameter is outside its range.
    #[error(
        "{function}: {parameter} is {}, allowed is {} to {}",
        write_number(*.value),
        write_number(*.min),
        write_number(*.max)
    )]
    ParameterOutOfRange {
        /// Id of the function.
        function: &'static str,
        /// Name of the parameter.
        parameter: &'static str,
        /// The value given.
        value: f32,
        /// Smallest allowed value.
        min: f32,
        /// Largest allowed value.
        max: f32,
    },
    /// Parameters that are fine one by one do not fit together.
    #[error("{function}: {reason}")]
    InvalidParameters {
        /// Id of the function.
        function: &'static str,
        /// What does not fit, with the numbers.
        reason: String,
    },
    /// The text of a custom function cannot be used.
    #[error("custom function {function}{}: {reason}", place_in_words(.place.as_ref()))]
    InvalidCustom {
        /// The name that it was to have.
        function: String,
        /// Where in its text, where that is known.
        place: Option<SourcePlace>,
        /// What is wrong.
        reason: String,
    },
    /// The CPU engine was asked for a function that it cannot compute.
    #[error("{function} is written in WGSL, which the CPU engine cannot run")]
    NoCpuForm {
        /// Name of the function.
        function: &'static str,
    },
    /// A text for another shader cannot be made.
    #[error("no WGSL can be made of that: {reason}")]
    InvalidSource {
        /// Why.
        reason: String,
    },
    /// A derivative does not belong to its function.
    #[cfg(not(target_arch = "wasm32"))]
    #[error("{report}")]
    WrongDerivative {
        /// What was compared, with the numbers.
        report: Box<crate::gpu::DerivativeReport>,
    },
    /// A text is no activation.
    #[error("cannot read \"{text}\" as an activation: {reason}")]
    Parse {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The function's derivative cannot be had from its output.
    #[error("{function} has no derivative from its output: different inputs give the same output")]
    NoDerivativeFromOutput {
        /// Id of the function.
        function: &'static str,
    },
    /// A chain cannot be computed.
    #[error("the chain cannot be computed: {reason}")]
    InvalidChain {
        /// Why, with the numbers.
        reason: String,
    },
    /// A dense layer cannot be computed.
    #[error("the dense layer cannot be computed: {reason}")]
    InvalidDense {
        /// Why, with the numbers.
        reason: String,
    },
    /// An operand of a chain does not fit the input.
    #[error("operand {operand} ({broadcast}) holds {len} elements, wanted is {wanted}")]
    OperandLength {
        /// Its place among the chain's operands in memory, from 0.
        operand: usize,
        /// How it is spread over the input.
        broadcast: Broadcast,
        /// Its number of elements.
        len: usize,
        /// The numbers that would fit, in words.
        wanted: String,
    },
    /// An operand of a chain lies where the engine cannot use it.
    #[error(
        "operand {operand} lies in {} memory, and {engine}",
        if *device { "a device's" } else { "host" }
    )]
    OperandPlace {
        /// Its place among the chain's operands in memory, from 0.
        operand: usize,
        /// Whether it is a tensor.
        device: bool,
        /// What the engine takes, in words.
        engine: &'static str,
    },
    /// Elements in a buffer cannot be used.
    #[error("{name} cannot be used: {reason}")]
    InvalidSpan {
        /// The operand.
        name: String,
        /// Why, with the numbers.
        reason: String,
    },
    /// A result would lie over an input without being exactly in its place, or over another result.
    #[error(
        "{input} ({range} of a buffer) overlaps the result ({result}) without being the same elements"
    )]
    Overlap {
        /// The input.
        input: String,
        /// Where it lies.
        range: String,
        /// Where the result lies.
        result: String,
    },
    /// A tensor belongs to another device.
    #[error("{name} lives on another device ({other}) than this one ({this})")]
    WrongDevice {
        /// The operand.
        name: &'static str,
        /// The device that it lives on.
        other: String,
        /// The device that was asked to use it.
        this: String,
    },
    /// A tensor is used by a batch that is not submitted yet, so that anything else done with it would come before the batch.
    #[error(
        "the tensor is {} by a batch that is not submitted yet: {during} would come before it",
        if *written { "written" } else { "read" }
    )]
    InBatch {
        /// What was to be done.
        during: &'static str,
        /// Whether the batch writes it.
        written: bool,
    },
    /// A buffer could not be allocated.
    #[error("the device could not allocate {bytes} bytes: {reason}")]
    OutOfMemory {
        /// Size of the buffer.
        bytes: u64,
        /// What wgpu said.
        reason: String,
    },
    /// The device is lost: nothing can be computed on it any more, and what it held is gone.
    #[error("the GPU device is lost: {reason}")]
    DeviceLost {
        /// What the driver or wgpu said.
        reason: String,
    },
    /// None of several engines can go on.
    #[error("{}", nobody_in_words(.reasons))]
    NoEngine {
        /// For each engine, what it is and why it is not used; empty where there was none to begin with.
        reasons: Vec<(String, String)>,
    },
    /// The program ended a computation over slices.
    #[error("ended after {done} of {len} elements")]
    Cancelled {
        /// Elements whose results are there.
        done: usize,
        /// Elements of the slice.
        len: usize,
    },
    /// wgpu refused an operation.
    #[error("the GPU failed in {during}: {reason}")]
    Gpu {
        /// What was being done.
        during: &'static str,
        /// What wgpu said.
        reason: String,
    },
    /// The thread pool of the CPU engine could not be made.
    #[error("cannot start {threads} CPU threads: {reason}")]
    Threads {
        /// Number of threads asked for.
        threads: usize,
        /// What the operating system said.
        reason: String,
    },
}

fn place_in_words(place: Option<&SourcePlace>) -> String {
    place.map_or_else(String::new, |place| format!(", {place}"))
}

fn nobody_in_words(reasons: &[(String, String)]) -> String {
    if reasons.is_empty() {
        return "there is no engine to share the work".to_owned();
    }
    let each: Vec<String> = reasons
        .iter()
        .map(|(engine, reason)| format!("{engine}: {reason}"))
        .collect();
    format!("no engine is left to compute: {}", each.join("; "))
}

/// How to get an adapter, as every error about a missing one says it.
pub(crate) const ADAPTER_ADVICE: &str = "install a Vulkan driver: scripts/setup.sh does it on Linux (Mesa's software \
     driver lavapipe where there is no GPU: package mesa-vulkan-drivers on Debian and Ubuntu)";

/// Short for a result with this crate's [`Error`](enum@Error).
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::Error;

    #[test]
    fn ranges_are_readable() {
        let error = Error::ParameterOutOfRange {
            function: "elu",
            parameter: "alpha",
            value: -1e-9,
            min: 0.0,
            max: f32::MAX,
        };
        assert_eq!(
            error.to_string(),
            "elu: alpha is -1e-9, allowed is 0 to 3.4028235e38"
        );
    }
}
