//! Chains as text: `scale(0.5) | gelu | offset(1)`, written and read.

use super::{Chain, Operand, Operation, Step};
use crate::activation::{read_number, split_outside, write_number};
use crate::{Activation, Error};
use std::fmt;
use std::str::FromStr;

/// Separates steps.
const BAR: char = '|';

impl fmt::Display for Chain<'_> {
    /// Operands in memory stand there with their kind and length; such a text cannot be read back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.steps.is_empty() {
            return f.pad("identity");
        }
        let steps: Vec<String> = self.steps.iter().map(Step::to_string).collect();
        f.pad(&steps.join(" | "))
    }
}

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Activation(activation) => activation.fmt(f),
            Self::Residual => f.write_str("residual"),
            Self::Combine(operation, Operand::Number(number)) => {
                let name = match operation {
                    Operation::Mul => "scale",
                    Operation::Add => "offset",
                    other => other.name(),
                };
                write!(f, "{name}({})", write_number(*number))
            }
            Self::Combine(operation, Operand::Memory(broadcast, values)) => {
                write!(f, "{}({broadcast}[{}])", operation.name(), values.len())
            }
        }
    }
}

impl FromStr for Chain<'_> {
    type Err = Error;

    /// Reads steps with `|` between them: an activation with its parameters, `scale(a)`, `offset(a)`, `add(a)`, `sub(a)`, `mul(a)`,
    /// `div(a)`, `max(a)`, `min(a)`, `residual`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let steps = split_outside(text, BAR)
            .into_iter()
            .map(read_step)
            .collect::<Result<_, _>>()?;
        let chain = Self { steps };
        chain.validate()?;
        Ok(chain)
    }
}

impl Chain<'_> {
    /// Reads a list such as `relu, scale(2) | gelu`: commas inside brackets do not separate.
    ///
    /// # Errors
    /// [`Error::Parse`] for the first one that cannot be read.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, Error> {
        split_outside(text, ',')
            .into_iter()
            .map(str::parse)
            .collect()
    }
}

fn read_step<'a>(text: &str) -> Result<Step<'a>, Error> {
    let trimmed = text.trim();
    let (name, argument) = match trimmed.split_once('(') {
        Some((name, rest)) => (name.trim(), rest.strip_suffix(')')),
        None => (trimmed, None),
    };
    let operation = match name.to_ascii_lowercase().as_str() {
        "residual" if argument.is_none() => return Ok(Step::Residual),
        "scale" => Some(Operation::Mul),
        "offset" => Some(Operation::Add),
        name => Operation::ALL.into_iter().find(|o| o.name() == name),
    };
    let Some(operation) = operation else {
        return Activation::from_str(trimmed).map(Step::Activation);
    };
    let wrong = |reason: String| Error::Parse {
        text: trimmed.to_owned(),
        reason,
    };
    let Some(argument) = argument else {
        return Err(wrong(format!("a step like {name}(2) was expected")));
    };
    if argument.contains('[') {
        let reason = "an operand in memory cannot be read from text".to_owned();
        return Err(wrong(reason));
    }
    let number = read_number(argument).map_err(wrong)?;
    Ok(Step::Combine(operation, Operand::Number(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        for text in [
            "relu",
            "scale(0.5) | gelu | offset(1)",
            "sub(1e-6) | div(3) | max(-1) | min(2) | residual",
            "leaky_relu(slope=0.1) | piecewise_linear(left=0, right=0, points=[-1:0, 1:1])",
        ] {
            let chain: Chain = text.parse().unwrap();
            assert_eq!(chain.to_string(), text);
        }
        let spelled: Chain = "mul(2)|ADD( 1 )|Gelu".parse().unwrap();
        assert_eq!(spelled.to_string(), "scale(2) | offset(1) | gelu");
        let list = Chain::parse_list("relu, scale(2) | hard_tanh(-1, 1)").unwrap();
        assert_eq!(list.len(), 2);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, said) in [
            ("relu | ", "cannot read \"\""),
            ("scale", "a step like scale(2) was expected"),
            ("scale(x)", "\"x\" is no number"),
            (
                "relu | gelux",
                "there is no function of that name; near it: ",
            ),
            (
                "add(row[4])",
                "an operand in memory cannot be read from text",
            ),
        ] {
            let error = text.parse::<Chain>().unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
        let long = ["relu"; 17].join("|");
        let error = long.parse::<Chain>().unwrap_err().to_string();
        assert!(error.contains("17 steps, at most 16"), "{error}");
    }
}
