//! `nonlin plot` on the engine that every machine has, and the README's pictures.

mod common;

use common::nonlin;
use std::path::PathBuf;

/// A panel of an SVG as `nonlin plot` writes it.
struct Panel {
    title: String,
    /// Left, top, right, bottom, in pixels.
    frame: Vec<f64>,
    /// Class and points.
    lines: Vec<(String, Vec<(f64, f64)>)>,
    texts: Vec<String>,
}

fn attribute<'a>(line: &'a str, name: &str) -> &'a str {
    let (_, rest) = line.split_once(&format!(" {name}=\"")).expect(name);
    rest.split_once('"').expect("a closed attribute").0
}

fn numbers(text: &str) -> Vec<f64> {
    let words = text.split([' ', ',']).map(str::parse);
    words.collect::<Result<_, _>>().expect("numbers")
}

fn panels(svg: &str) -> Vec<Panel> {
    let mut panels: Vec<Panel> = Vec::new();
    for line in svg.lines() {
        if line.starts_with("<g ") {
            panels.push(Panel {
                title: attribute(line, "data-panel").to_owned(),
                frame: numbers(attribute(line, "data-frame")),
                lines: Vec::new(),
                texts: Vec::new(),
            });
        }
        let Some(panel) = panels.last_mut() else {
            continue;
        };
        if line.starts_with("<polyline") {
            let points = numbers(attribute(line, "points"));
            let pairs = points.chunks(2).map(|pair| (pair[0], pair[1])).collect();
            panel
                .lines
                .push((attribute(line, "class").to_owned(), pairs));
        } else if line.starts_with("<text") {
            let words = line.split_once('>').expect("a tag").1;
            panel
                .texts
                .push(words.trim_end_matches("</text>").to_owned());
        }
    }
    panels
}

impl Panel {
    /// The lines of that class, without the legend's.
    fn series(&self, class: &str) -> Vec<&Vec<(f64, f64)>> {
        let inside = |points: &&Vec<(f64, f64)>| points[0].1 >= self.frame[1];
        let lines = self.lines.iter().filter(|(of, _)| of == class);
        lines.map(|(_, points)| points).filter(inside).collect()
    }

    /// The height of the lines of that class at `x` of -4..4, in pixels.
    fn height(&self, class: &str, x: f64) -> f64 {
        let at = self.frame[0] + (x + 4.0) / 8.0 * (self.frame[2] - self.frame[0]);
        for points in self.series(class) {
            for pair in points.windows(2) {
                let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
                if x0 <= at && at <= x1 && x0 < x1 {
                    return y0 + (at - x0) / (x1 - x0) * (y1 - y0);
                }
            }
        }
        panic!("{} has no {class} at {x}", self.title);
    }

    /// The pixels of one unit of y, from the lines of f = x at 1 and 2.
    fn of_lines(&self) -> (f64, f64) {
        let (one, two) = (self.height("s c0", 1.0), self.height("s c0", 2.0));
        (one - two, 2.0 * one - two)
    }
}

/// A file of this test only.
fn file(name: &str) -> PathBuf {
    let name = format!("nonlin-plot-{}-{name}", std::process::id());
    std::env::temp_dir().join(name)
}

/// What the program draws into an SVG.
fn svg(name: &str, arguments: &[&str]) -> String {
    let path = file(name);
    let out = path.to_str().expect("a path of letters");
    let run = nonlin(&[&["plot", "--engine", "cpu", "--out", out], arguments].concat());
    assert!(run.lines().is_empty(), "{run:?}");
    let text = std::fs::read_to_string(&path).expect("a picture");
    std::fs::remove_file(&path).expect("the picture is there");
    text
}

#[test]
fn the_chapter_has_six_panels_through_known_points() {
    let panels = panels(&svg("chapter.svg", &[]));
    let titles: Vec<&str> = panels.iter().map(|panel| panel.title.as_str()).collect();
    let expected = [
        "relu",
        "sigmoid",
        "tanh",
        "leaky_relu(slope=0.1)",
        "elu",
        "gelu_quick",
    ];
    assert_eq!(titles, expected);
    assert_eq!(panels[0].frame[1], panels[2].frame[1], "three in a row");
    assert!(panels[3].frame[1] > panels[0].frame[3], "two rows");
    let relu = &panels[0];
    let (unit, zero) = relu.of_lines();
    assert!(unit > 10.0, "up is up");
    for (x, f, derivative) in [
        (-3.0, 0.0, 0.0),
        (0.5, 0.5, 1.0),
        (2.0, 2.0, 1.0),
        (4.0, 4.0, 1.0),
    ] {
        let at = |class| (zero - relu.height(class, x)) / unit;
        assert!((at("s c0") - f).abs() < 0.02, "relu({x}): {}", at("s c0"));
        assert!(
            (at("s d c1") - derivative).abs() < 0.02,
            "relu'({x}): {}",
            at("s d c1")
        );
    }
    let leaky = &panels[3];
    let (unit, zero) = leaky.of_lines();
    let at = (zero - leaky.height("s c0", -4.0)) / unit;
    assert!((at + 0.4).abs() < 0.02, "{at}");
}

#[test]
fn jumps_and_poles_are_not_joined() {
    let panels = panels(&svg(
        "jumps.svg",
        &[
            "--ops",
            "step,sign,relu,hard_shrink,reciprocal,scale(3) | step",
        ],
    ));
    for panel in &panels {
        for class in ["s c0", "s d c1"] {
            let pieces = panel.series(class);
            for points in &pieces {
                for pair in points.windows(2) {
                    let across = (pair[1].0 - pair[0].0).abs() < 0.3;
                    let tall = (pair[1].1 - pair[0].1).abs() > 25.0;
                    assert!(!(across && tall), "{} {class}: {pair:?}", panel.title);
                }
            }
        }
        if panel.title != "relu" {
            assert!(panel.series("s c0").len() > 1, "{} jumps", panel.title);
        }
        if ["step", "sign"].contains(&panel.title.as_str()) {
            let heights = panel.series("s d c1").into_iter().flatten().map(|p| p.1);
            let (low, high) = heights.fold((f64::MAX, 0.0_f64), |(l, h), y| (l.min(y), h.max(y)));
            assert_eq!(low, high, "the derivative of {} is 0", panel.title);
        }
    }
}

#[test]
fn parameters_of_one_function_share_a_panel() {
    let list = "elu(alpha=0.5),relu,elu(alpha=1)";
    let together = panels(&svg("together.svg", &["--ops", list]));
    assert_eq!(together.len(), 2);
    assert_eq!(together[0].title, "elu");
    for name in ["elu(alpha=0.5)", "elu(alpha=1)"] {
        assert!(together[0].texts.iter().any(|text| text == name), "{name}");
    }
    for class in ["s c0", "s c1", "s d c0", "s d c1"] {
        assert!(!together[0].series(class).is_empty(), "{class}");
    }
    let apart = panels(&svg("apart.svg", &["--ops", list, "--separate"]));
    assert_eq!(apart.len(), 3);
}

#[test]
fn a_png_can_be_read_and_shows_something() {
    let path = file("picture.png");
    let out = path.to_str().expect("a path of letters");
    for (theme, ground) in [("light", 255), ("dark", 0x0d)] {
        nonlin(&[
            "plot", "--engine", "cpu", "--ops", "gelu", "--theme", theme, "--out", out,
        ])
        .lines();
        let bytes = std::fs::read(&path).expect("a picture");
        let picture = tiny_skia::Pixmap::decode_png(&bytes).expect("a PNG");
        assert_eq!(picture.width(), 1660);
        assert_eq!(picture.pixels()[0].red(), ground, "{theme}");
        let drawn = picture
            .pixels()
            .iter()
            .filter(|pixel| pixel.red() != ground)
            .count();
        let all = picture.pixels().len();
        assert!(drawn > all / 100 && drawn < all / 2, "{drawn} of {all}");
    }
    std::fs::remove_file(&path).expect("the picture is there");
}

#[test]
fn the_terminal_is_filled_to_its_width() {
    for (width, titles) in [("30", 1), ("80", 2), ("120", 3)] {
        let run = nonlin(&["plot", "--engine", "cpu", "--terminal", "--width", width]);
        let lines = run.lines();
        let cells = width.parse::<usize>().expect("a number") / titles * titles;
        assert!(
            lines[1..].iter().all(|line| line.chars().count() == cells),
            "{width}: {run:?}"
        );
        assert_eq!(lines[1].split_whitespace().count(), titles);
        let dots = run
            .out
            .chars()
            .filter(|c| ('\u{2801}'..='\u{28ff}').contains(c))
            .count();
        assert!(dots > 6 * 20, "{dots}");
    }
    let piped = nonlin(&["plot", "--engine", "cpu"]);
    assert_eq!(piped.lines()[1].chars().count(), 80);
}

#[test]
fn mistakes_are_told_with_their_numbers() {
    for (arguments, status, part) in [
        (&["--range", "4..-4"][..], 2, "4 is not less than -4"),
        (&["--range", "0..nan"], 2, "\"nan\""),
        (&["--ops", "rellu"], 2, "rellu"),
        (&["--out", "picture.pdf"], 2, "picture.pdf"),
        (&["--out", "picture"], 2, ".svg nor .png"),
        (
            &["--out", "/nowhere/picture.svg"],
            1,
            "/nowhere/picture.svg",
        ),
        (&["--width", "3"], 2, "20..=1000"),
    ] {
        let run = nonlin(&[&["plot", "--engine", "cpu"], arguments].concat());
        let complaint = run.complaint(status);
        assert!(complaint.contains(part), "{complaint}");
    }
}

#[test]
fn nothing_half_written_stays() {
    // A directory cannot be replaced by a file.
    let directory = file("directory.svg");
    std::fs::create_dir(&directory).expect("a new directory");
    let out = directory.to_str().expect("a path of letters");
    let run = nonlin(&["plot", "--engine", "cpu", "--out", out]);
    let complaint = run.complaint(1);
    assert!(complaint.contains(out), "{complaint}");
    let name = directory
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    let beside = std::fs::read_dir(std::env::temp_dir()).expect("a directory");
    let rest: Vec<_> = beside
        .filter_map(Result::ok)
        .filter(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with(&format!("{name}."))
        })
        .collect();
    assert!(rest.is_empty(), "{rest:?}");
    std::fs::remove_dir(&directory).expect("the directory is there");
}

#[test]
fn the_readme_shows_the_present_code() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let title = "The catalogue: functions (solid) and their derivatives (dashed)";
    for (name, arguments) in [
        ("chapter", &[][..]),
        ("catalogue", &["--ops", "all", "--title", title]),
    ] {
        let shown = std::fs::read_to_string(root.join(format!("docs/pictures/{name}.svg")));
        let shown = shown.expect("a picture").replace("\r\n", "\n");
        let now = svg(&format!("{name}-now.svg"), arguments);
        assert!(
            shown == now,
            "docs/pictures/{name}.svg is out of date: run scripts/pictures.sh"
        );
    }
}
