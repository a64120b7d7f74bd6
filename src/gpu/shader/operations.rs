//! How much a kernel computes, roughly, by its text.

use crate::wgsl::{Declaration, Kind, Token, declarations, tokens};
use std::collections::HashMap;

/// The operations of some text: its operators but comparisons, what it calls of WGSL's own functions, and the same of the functions that it calls of `files`, each as often
/// as it is called.
pub(super) fn operations<'a>(text: &str, files: impl IntoIterator<Item = &'a str>) -> usize {
    let functions: Vec<Declaration<'_>> = files
        .into_iter()
        .flat_map(declarations)
        .filter(|declaration| declaration.keyword == "fn")
        .collect();
    let functions = functions
        .iter()
        .map(|function| (function.name, &function.tokens[..]))
        .collect();
    Count {
        functions,
        known: HashMap::new(),
    }
    .of(&tokens(text))
}

struct Count<'a> {
    functions: HashMap<&'a str, &'a [Token<'a>]>,
    known: HashMap<&'a str, usize>,
}

impl<'a> Count<'a> {
    fn of(&mut self, tokens: &[Token<'_>]) -> usize {
        let pairs = tokens.iter().zip(tokens.iter().skip(1));
        // Functions of a program's own that call each other twice, many levels deep, are more than any number holds.
        pairs.fold(0, |sum: usize, (word, next)| {
            sum.saturating_add(self.of_pair(word, next))
        })
    }

    fn of_pair(&mut self, word: &Token<'_>, next: &Token<'_>) -> usize {
        let is_operand = word.kind != Kind::Sign || word.text == ")";
        match next.text {
            "+" | "-" | "*" | "/" | "%" | "&" | "|" | "^" => usize::from(is_operand),
            "(" if word.kind == Kind::Name => self.of_call(word.text),
            _ => 0,
        }
    }

    fn of_call(&mut self, name: &str) -> usize {
        let Some((&name, &body)) = self.functions.get_key_value(name) else {
            // Types begin with a capital letter, or are followed by what they are made of.
            return usize::from(name.starts_with(|c: char| c.is_ascii_lowercase()));
        };
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        // Its own name stands before a parenthesis too. No function of WGSL calls itself.
        let name_is_behind = body.iter().position(|token| token.text == "{");
        let count = self.of(&body[name_is_behind.unwrap_or(0)..]);
        self.known.insert(name, count);
        count
    }
}

#[cfg(test)]
mod tests {
    use super::operations;

    #[test]
    fn operations_are_counted_as_often_as_they_are_called() {
        let file = "fn square(x: F) -> F { return x * x; }\n\
            fn fourth(x: F) -> F { return square(square(x)); } // a * b\n\
            const A: f32 = -1.0;";
        let count = |text| operations(text, [file]);
        assert_eq!(count("let y = square(x);"), 1);
        assert_eq!(count("let y = fourth(x) + -fourth(-x);"), 5);
        assert_eq!(count("let y = max(x, F(0.0)) / vec4<f32>(2.0);"), 2);
        assert_eq!(count("let y = bitcast<U>(x) << U(1u);"), 0);
    }
}
