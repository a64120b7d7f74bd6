//! Marks as SVG.

use super::WIDTH;
use super::axis::rounded;
use super::layout::{Anchor, Drawing, Mark, Text};
use super::theme::{COLOURS, DARK, Ink, LIGHT, Palette, Theme};
use std::fmt::Write;

/// Writes a drawing.
pub fn write(drawing: &Drawing, theme: Theme) -> String {
    let (width, height) = (number(WIDTH), number(drawing.height));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n"
    );
    let _ = writeln!(out, "<title>{}</title>", escaped(&drawing.title));
    let _ = writeln!(out, "<style>\n{}</style>", style(theme));
    let _ = writeln!(
        out,
        "<rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>"
    );
    for mark in &drawing.marks {
        match mark {
            Mark::Panel { title, frame } => {
                let frame: Vec<String> = frame.iter().map(|x| number(*x)).collect();
                let (title, frame) = (escaped(title), frame.join(" "));
                let _ = writeln!(out, "<g data-panel=\"{title}\" data-frame=\"{frame}\">");
            }
            Mark::EndPanel => out.push_str("</g>\n"),
            Mark::Line {
                points,
                ink,
                width,
                dashed,
            } => {
                let points: Vec<String> = points
                    .iter()
                    .map(|(x, y)| format!("{},{}", number(*x), number(*y)))
                    .collect();
                let class = class(*ink, *dashed);
                let (width, points) = (number(*width), points.join(" "));
                let _ = writeln!(
                    out,
                    "<polyline class=\"{class}\" stroke-width=\"{width}\" points=\"{points}\"/>"
                );
            }
            Mark::Text(text) => write_text(text, &mut out),
        }
    }
    out.push_str("</svg>\n");
    out
}

fn write_text(text: &Text, out: &mut String) {
    let (x, y, size) = (number(text.x), number(text.y), number(text.size));
    let anchor = match text.anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let bold = if text.bold {
        " font-weight=\"600\""
    } else {
        ""
    };
    let turn = if text.upwards {
        format!(" transform=\"rotate(-90 {x} {y})\"")
    } else {
        String::new()
    };
    let words = escaped(&text.text);
    let _ = writeln!(
        out,
        "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{anchor}{bold}{turn}>{words}</text>"
    );
}

fn class(ink: Ink, dashed: bool) -> String {
    match ink {
        Ink::Series(i) => format!("{} c{}", if dashed { "s d" } else { "s" }, i % COLOURS),
        Ink::Grid => "grid".to_owned(),
        _ => "axis".to_owned(),
    }
}

fn style(theme: Theme) -> String {
    let fixed = "text{font-family:system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif}\n\
                 polyline{fill:none;stroke-linejoin:round}.s{stroke-linecap:round}.d{stroke-dasharray:5 4;stroke-linecap:butt}\n";
    match theme {
        Theme::Light => format!("{fixed}{}\n", colours(&LIGHT)),
        Theme::Dark => format!("{fixed}{}\n", colours(&DARK)),
        Theme::Auto => format!(
            "{fixed}{}\n@media (prefers-color-scheme:dark){{{}}}\n",
            colours(&LIGHT),
            colours(&DARK)
        ),
    }
}

fn colours(palette: &Palette) -> String {
    let mut css = String::new();
    for (selector, property, ink) in [
        (".ground", "fill", Ink::Ground),
        ("text", "fill", Ink::Text),
        (".axis", "stroke", Ink::Axis),
        (".grid", "stroke", Ink::Grid),
    ] {
        let _ = write!(css, "{selector}{{{property}:#{:06x}}}", palette.colour(ink));
    }
    for i in 0..COLOURS {
        let _ = write!(
            css,
            ".c{i}{{stroke:#{:06x}}}",
            palette.colour(Ink::Series(i))
        );
    }
    css
}

fn number(x: f64) -> String {
    rounded(x, 1)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
