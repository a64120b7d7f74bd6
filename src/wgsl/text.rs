//! WGSL as text: its words, its declarations, and new names for them. Enough to put files together; naga reads the rest.

/// What kind of word it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An identifier or a keyword.
    Name,
    Number,
    /// One character of punctuation.
    Sign,
}

/// One word of a source; comments and white space are none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    /// Its place in bytes.
    pub(crate) at: usize,
}

impl Token<'_> {
    pub(crate) fn end(&self) -> usize {
        self.at + self.text.len()
    }
}

/// What ends a line comment.
const LINE_BREAKS: [char; 7] = [
    '\n', '\u{b}', '\u{c}', '\r', '\u{85}', '\u{2028}', '\u{2029}',
];

/// The words of a source.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(first) = source[at..].chars().next() {
        let rest = &source[at..];
        let (len, kind) = if rest.starts_with("//") {
            (rest.find(LINE_BREAKS).unwrap_or(rest.len()), None)
        } else if rest.starts_with("/*") {
            (block_comment(rest), None)
        } else if first.is_whitespace() {
            (first.len_utf8(), None)
        } else if is_name(first) && !first.is_ascii_digit() {
            let len = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            (len, Some(Kind::Name))
        } else if starts_number(rest) {
            (number(rest), Some(Kind::Number))
        } else {
            (first.len_utf8(), Some(Kind::Sign))
        };
        if let Some(kind) = kind {
            let text = &rest[..len];
            all.push(Token { kind, text, at });
        }
        at += len;
    }
    all
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn starts_number(rest: &str) -> bool {
    rest.strip_prefix('.')
        .unwrap_or(rest)
        .starts_with(|c: char| c.is_ascii_digit())
}

/// Length of the number at the start, its exponent with its sign and its suffix included.
fn number(rest: &str) -> usize {
    let hex = rest.starts_with("0x") || rest.starts_with("0X");
    let mut before = ' ';
    let end = rest.find(|c: char| {
        let exponent = match before.to_ascii_lowercase() {
            'p' => hex,
            'e' => !hex,
            _ => false,
        };
        let within = is_name(c) || c == '.' || (exponent && (c == '+' || c == '-'));
        before = c;
        !within
    });
    end.unwrap_or(rest.len())
}

/// Length of the block comment at the start, the comments within it included.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// One declaration of a source's outermost level.
#[derive(Clone, Debug)]
pub(crate) struct Declaration<'a> {
    /// `fn`, `struct`, `const`, `alias`, `var`, …
    pub(crate) keyword: &'a str,
    /// What it declares; empty where it declares nothing.
    pub(crate) name: &'a str,
    /// Where the name stands, in bytes of the source.
    pub(crate) at: usize,
    /// Its text with the comments before it.
    pub(crate) text: &'a str,
    /// Its words.
    pub(crate) tokens: Vec<Token<'a>>,
}

/// The declarations of a source, in its order. What follows the last one (comments) is left out.
pub(crate) fn declarations(source: &str) -> Vec<Declaration<'_>> {
    let mut all = Vec::new();
    let (mut open, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for token in tokens(source) {
        open.push(token);
        match token.text {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && matches!(token.text, "}" | ";") {
            let words = std::mem::take(&mut open);
            // A lone semicolon after a structure.
            if words.len() > 1 {
                all.push(declaration(&source[start..token.end()], words));
            }
            start = token.end();
        }
    }
    if !open.is_empty() {
        all.push(declaration(&source[start..], open));
    }
    all
}

fn declaration<'a>(text: &'a str, tokens: Vec<Token<'a>>) -> Declaration<'a> {
    const KEYWORDS: [&str; 10] = [
        "fn",
        "struct",
        "const",
        "alias",
        "var",
        "override",
        "let",
        "enable",
        "requires",
        "diagnostic",
    ];
    // An attribute stands before the keyword, and may hold a keyword in its brackets.
    let mut depth = 0_usize;
    let keyword = tokens.iter().position(|token| {
        match token.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && KEYWORDS.contains(&token.text)
    });
    let after = keyword.map_or(&tokens[..0], |at| &tokens[at + 1..]);
    // `var<private> name`
    let template = match after.first() {
        Some(token) if token.text == "<" => after
            .iter()
            .position(|token| token.text == ">")
            .map_or(0, |at| at + 1),
        _ => 0,
    };
    let name = after
        .get(template)
        .filter(|token| token.kind == Kind::Name)
        .copied();
    Declaration {
        keyword: keyword.map_or("", |at| tokens[at].text),
        name: name.map_or("", |name| name.text),
        at: name.or(tokens.first().copied()).map_or(0, |token| token.at),
        text: text.trim_start_matches(['\n', '\r']),
        tokens,
    }
}

/// The source with other names: `new_name` gives one for an identifier, or `None` where it stays. Members of structures and what
/// stands behind an `@` keep theirs.
pub(crate) fn rename(source: &str, new_name: impl Fn(&str) -> Option<String>) -> String {
    let all = tokens(source);
    let mut out = String::with_capacity(source.len() + source.len() / 8);
    let (mut copied, mut in_struct) = (0, false);
    for (i, token) in all.iter().enumerate() {
        match token.text {
            "struct" => in_struct = true,
            "}" => in_struct = false,
            _ => {}
        }
        let before = i.checked_sub(1).map(|i| all[i].text);
        let after = all.get(i + 1).map(|token| token.text);
        let kept = matches!(before, Some("." | "@")) || (in_struct && after == Some(":"));
        if token.kind != Kind::Name || kept {
            continue;
        }
        if let Some(name) = new_name(token.text) {
            out += &source[copied..token.at];
            out += &name;
            copied = token.end();
        }
    }
    out + &source[copied..]
}

/// A place in a source for people: line and column in characters, from 1.
pub(crate) fn line_and_column(source: &str, at: usize) -> (u32, u32) {
    let before = source.get(..at).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |line| line.chars().count())
        + 1;
    (line as u32, column as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart() {
        let source = "a/*x /* y */ z*/+0x1.20dd74p+0f*1e-3-.5//c\n_b.xy 1.0-2";
        let words: Vec<&str> = tokens(source).iter().map(|token| token.text).collect();
        let want = [
            "a",
            "+",
            "0x1.20dd74p+0f",
            "*",
            "1e-3",
            "-",
            ".5",
            "_b",
            ".",
            "xy",
            "1.0",
            "-",
            "2",
        ];
        assert_eq!(words, want);
        assert_eq!(tokens("/* open").len(), 0);
        assert_eq!(tokens("ä + ö")[2].at, 5);
    }

    #[test]
    fn declarations_have_names_and_their_comments() {
        let source = "// One.\nconst A: u32 = 1u;\nstruct S {\n a: f32,\n};\n@must_use fn f(x: S) -> f32 { return x.a; }\nvar<private> v: f32;\n// end";
        let found = declarations(source);
        let names: Vec<_> = found.iter().map(|d| (d.keyword, d.name)).collect();
        let want = [("const", "A"), ("struct", "S"), ("fn", "f"), ("var", "v")];
        assert_eq!(names, want);
        assert_eq!(found[0].text, "// One.\nconst A: u32 = 1u;");
        assert_eq!(&source[found[2].at..found[2].at + 1], "f");
    }

    #[test]
    fn members_keep_their_names() {
        let source = "struct S { p: p, } fn p(s: S) -> f32 { return s.p + p(s); }";
        let renamed = rename(source, |name| (name == "p").then(|| "q".to_owned()));
        let want = "struct S { p: q, } fn q(s: S) -> f32 { return s.p + q(s); }";
        assert_eq!(renamed, want);
    }

    #[test]
    fn places_are_counted_in_characters() {
        assert_eq!(line_and_column("a\nä b", 5), (2, 3));
        assert_eq!(line_and_column("", 0), (1, 1));
    }
}
