//! Activations as text: `leaky_relu(slope=0.1)`, written and read.

use super::elementwise::Entry;
use super::parameter::ParameterValue;
use super::{Activation, Build, TABLE};
use crate::Error;
use std::fmt;
use std::str::FromStr;

/// A spelling of `hard_tanh` that has no standard parameters, as PyTorch's `clip`.
const CLIP: &str = "clip";

/// The arguments of one activation, taken field by field.
pub(super) struct Fields<'a> {
    function: &'static dyn Entry,
    /// Arguments that were given, with their names where they have one.
    arguments: Vec<(Option<&'a str>, &'a str)>,
    /// What a field without argument and without default gets.
    fallback: Option<&'static str>,
    use_defaults: bool,
}

impl<'a> Fields<'a> {
    /// No argument: standard values, and 0 where there is none.
    pub(super) fn examples(function: &'static dyn Entry) -> Self {
        Self {
            function,
            arguments: Vec::new(),
            fallback: Some("0"),
            use_defaults: true,
        }
    }

    /// The value of the next field: the argument of that name, else the first one without a name, else the standard value.
    pub(super) fn take<T: ParameterValue>(&mut self, field: &'static str) -> Result<T, String> {
        let at = self
            .arguments
            .iter()
            .position(|(name, _)| *name == Some(field))
            .or_else(|| self.arguments.iter().position(|(name, _)| name.is_none()));
        if let Some(at) = at {
            let (_, text) = self.arguments.remove(at);
            return T::read(text).map_err(|reason| format!("{field}: {reason}"));
        }
        let standard = if self.use_defaults {
            T::standard(self.function, field)
        } else {
            None
        };
        standard
            .or_else(|| T::read(self.fallback?).ok())
            .ok_or_else(|| format!("{field} has no standard value and has to be given"))
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Custom(custom) = self {
            return custom.fmt(f);
        }
        let fields: Vec<String> = self
            .fields()
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if fields.is_empty() {
            return f.pad(self.id());
        }
        f.pad(&format!("{}({})", self.id(), fields.join(", ")))
    }
}

impl FromStr for Activation {
    type Err = Error;

    /// Reads `id`, `id(value, …)` or `id(name=value, …)`; the spellings of PyTorch are understood too, upper and lower case
    /// alike, and `-` for `_`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let parsed = parse(text).map_err(|reason| Error::Parse {
            text: text.to_owned(),
            reason,
        })?;
        parsed.validate()?;
        Ok(parsed)
    }
}

fn parse(text: &str) -> Result<Activation, String> {
    let trimmed = text.trim();
    let (id, arguments) = match trimmed.split_once('(') {
        None => (trimmed, None),
        Some((id, rest)) => (
            id,
            Some(
                rest.strip_suffix(')')
                    .ok_or("the closing parenthesis is missing")?,
            ),
        ),
    };
    let id = id.trim().to_ascii_lowercase().replace('-', "_");
    let (entry, build) = find(&id).ok_or_else(|| unknown(&id))?;
    let arguments = match arguments {
        None => Vec::new(),
        Some(list) if list.trim().is_empty() => Vec::new(),
        Some(list) => split_outside(list, ',')
            .into_iter()
            .map(|argument| match argument.split_once('=') {
                Some((name, value)) => (Some(name.trim()), value),
                None => (None, argument),
            })
            .collect(),
    };
    let mut fields = Fields {
        function: *entry,
        arguments,
        fallback: None,
        use_defaults: id != CLIP,
    };
    let activation = build(&mut fields)?;
    match fields.arguments.first() {
        None => Ok(activation),
        Some((name, value)) => {
            let known: Vec<_> = activation
                .fields()
                .into_iter()
                .map(|(name, _)| name)
                .collect();
            let known = if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            };
            Err(match name {
                Some(name) => format!("{id} has no parameter {name}; its parameters: {known}"),
                None => format!(
                    "no parameter is left for \"{}\"; {id}'s parameters: {known}",
                    value.trim()
                ),
            })
        }
    }
}

/// The line of the table with this id or alias.
fn find(id: &str) -> Option<&'static (&'static dyn Entry, Build)> {
    TABLE.iter().find(|(entry, _)| {
        let metadata = entry.metadata();
        metadata.id == id || metadata.aliases.contains(&id)
    })
}

/// Whether the catalogue has a function of this name, in lower case.
pub(crate) fn is_known(id: &str) -> bool {
    find(id).is_some()
}

/// Splits at the separators that are outside brackets.
pub(crate) fn split_outside(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_i32, 0);
    for (at, character) in text.char_indices() {
        match character {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ if character == separator && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn unknown(id: &str) -> String {
    let near: Vec<&str> = TABLE
        .iter()
        .map(|(entry, _)| entry.metadata().id)
        .filter(|known| {
            !id.is_empty() && (known.contains(id) || id.contains(known) || distance(known, id) <= 2)
        })
        .collect();
    if near.is_empty() {
        let all: Vec<&str> = TABLE.iter().map(|(entry, _)| entry.metadata().id).collect();
        return format!(
            "there is no function of that name; there is: {}",
            all.join(", ")
        );
    }
    format!(
        "there is no function of that name; near it: {}",
        near.join(", ")
    )
}

/// Number of letters to insert, delete or replace.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let next = (diagonal + usize::from(x != *y))
                .min(row[j] + 1)
                .min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}

impl Activation {
    /// Reads a list such as `relu, leaky_relu(slope=0.1)`: commas inside brackets do not separate.
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
