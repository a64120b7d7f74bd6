//! `nonlin experiment`: what each one says is borne out by its figures, on the CPU engine and on the best adapter.

mod common;

use common::{Run, json_lines, nonlin, on_an_adapter};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The figures of every experiment, by name.
type Found = BTreeMap<String, Value>;

fn all(engine: &str) -> Found {
    let run = nonlin(&["experiment", "all", "--json", "--engine", engine]);
    assert_eq!(run.status, 0, "{}", run.err);
    json_lines(&run.out)
        .into_iter()
        .map(|line| {
            assert_eq!(line["holds"], true, "{line}");
            let name = line["experiment"].as_str().expect("a name").to_owned();
            (name, line["figures"].clone())
        })
        .collect()
}

/// Both engines run everything once.
fn on_the_cpu() -> &'static Found {
    static FOUND: OnceLock<Found> = OnceLock::new();
    FOUND.get_or_init(|| all("cpu"))
}

fn on_the_gpu() -> &'static Found {
    static FOUND: OnceLock<Found> = OnceLock::new();
    FOUND.get_or_init(|| all("gpu"))
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("no number: {value}"))
}

fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().map(number).collect()
}

fn list(value: &Value) -> &[Value] {
    value
        .as_array()
        .unwrap_or_else(|| panic!("no list: {value}"))
}

/// What is said about one experiment.
type Check = fn(&Value);

const CHECKS: [(&str, Check); 11] = [
    ("linear-collapse", |found| {
        let depths = list(&found["depths"]);
        assert_eq!(depths.last().expect("depths")["layers"], 16);
        for depth in depths {
            assert!(number(&depth["difference"]) < 1e-5, "{depth}");
            assert!(number(&depth["bend_linear"]) < 1e-5, "{depth}");
            assert!(number(&depth["bend_relu"]) > 0.01, "{depth}");
        }
    }),
    ("two-layer", |found| {
        let [relu, sigmoid] = ["relu", "sigmoid"].map(|f| numbers(&found[f]));
        assert!(relu.len() == 256 && sigmoid.len() == 256);
        let differences = relu.iter().zip(&sigmoid).map(|(a, b)| (a - b).abs());
        let largest = differences.fold(0.0, f64::max);
        assert!(largest > 0.05, "{largest}");
        assert!((largest - number(&found["difference"])).abs() < 1e-6);
        assert!(relu.iter().chain(&sigmoid).all(|y| *y > 0.0 && *y < 1.0));
        for f in ["relu", "sigmoid"] {
            let error = number(&found[format!("error_{f}")]);
            assert!(error < 1e-6, "{f}: {error}");
        }
    }),
    ("vanishing-gradient", |found| {
        assert_eq!(numbers(&found["x"]), [0.0, 2.0, 5.0]);
        let depths = list(&found["depths"]);
        let slopes = |depth: usize| numbers(&depths[depth - 1]["sigmoid"]);
        assert_eq!(slopes(1)[0], 0.25);
        // σ'(0)·σ'(1/2)·σ'(σ(1/2)), with many digits.
        assert!(
            (slopes(3)[0] / 0.013_352_093_804_8 - 1.0).abs() < 1e-5,
            "{:?}",
            slopes(3)
        );
        for depth in 1..=depths.len() {
            let most = 0.25_f64.powi(depth as i32) * (1.0 + 1e-6);
            assert!(
                slopes(depth).iter().all(|s| *s > 0.0 && *s <= most),
                "{depth}"
            );
            assert_eq!(numbers(&depths[depth - 1]["relu"])[1..], [1.0, 1.0]);
            if depth > 1 {
                let before = slopes(depth - 1);
                assert!(
                    slopes(depth)
                        .iter()
                        .zip(before)
                        .all(|(now, before)| *now < before / 4.0 * (1.0 + 1e-6))
                );
            }
        }
    }),
    ("gradient-check", |found| {
        let functions = list(&found["functions"]);
        assert_eq!(functions.len(), 6);
        for f in functions {
            let [analytic, numeric] =
                ["analytic_at_one", "numeric_at_one"].map(|at| number(&f[at]));
            assert!((analytic - numeric).abs() < 1e-4, "{f}");
            assert!(number(&f["difference"]) < 1e-3, "{f}");
            assert!(number(&f["compared"]) >= 4094.0, "{f}");
        }
        assert!((number(&functions[1]["analytic_at_one"]) - 0.196_611_93).abs() < 1e-7);
    }),
    ("relu-values", |found| {
        assert_eq!(numbers(&found["x"]), [-3.0, 0.0, 0.5]);
        for by in ["max", "relu"] {
            assert_eq!(numbers(&found[by]), [0.0, 0.0, 0.5], "{by}");
        }
        assert!(number(&found["compared"]) > 10_000.0);
        assert_eq!(found["different"], 0);
    }),
    ("leaky-limits", |found| {
        let slopes = list(&found["slopes"]);
        assert_eq!(
            (&slopes[0]["slope"], &slopes[4]["slope"]),
            (&0.0.into(), &1.0.into())
        );
        assert_eq!(slopes[0]["differs_from_relu"], 0);
        assert_eq!(slopes[4]["differs_from_identity"], 0);
        for slope in &slopes[1..4] {
            assert!(number(&slope["differs_from_relu"]) > 1000.0, "{slope}");
            assert!(number(&slope["differs_from_identity"]) > 1000.0, "{slope}");
        }
        assert_eq!(slopes[3]["at_minus_two"], -1.0);
    }),
    ("selu-self-normalizing", |found| {
        let functions = list(&found["functions"]);
        let layers = |i: usize| list(&functions[i]["layers"]);
        assert_eq!(layers(0).len(), 21);
        for layer in layers(0) {
            assert!(number(&layer["mean"]).abs() < 0.1, "{layer}");
            assert!((number(&layer["variance"]) - 1.0).abs() < 0.25, "{layer}");
        }
        assert_eq!(
            (&functions[1]["function"], &functions[2]["function"]),
            (&"relu".into(), &"tanh".into())
        );
        assert!(number(&layers(1)[20]["variance"]) < 1e-4);
        assert!(number(&layers(2)[20]["variance"]) < 0.1);
    }),
    ("gradient-landscape", |found| {
        let networks = list(&found["networks"]);
        let means = |i: usize| -> Vec<f64> {
            let layers = list(&networks[i]["layers"]);
            layers.iter().map(|layer| number(&layer["mean"])).collect()
        };
        let (sigmoid, relu) = (means(0), means(1));
        assert_eq!(
            (&networks[0]["function"], &networks[1]["function"]),
            (&"sigmoid".into(), &"relu".into())
        );
        assert!(
            sigmoid[0] < sigmoid[1] && sigmoid[1] < sigmoid[2],
            "{sigmoid:?}"
        );
        assert!(sigmoid[0] < 0.2 * sigmoid[2], "{sigmoid:?}");
        assert!(relu[0] > 0.5 * relu[2], "{relu:?}");
        assert!(relu[0] > 10.0 * sigmoid[0], "{relu:?} {sigmoid:?}");
    }),
    ("maxout-relu", |found| {
        assert_eq!(found["differs_from_relu"], 0);
        let fits = list(&found["fits"]);
        for fit in fits {
            let pieces = number(&fit["pieces"]);
            let best = 0.5 / (pieces * pieces);
            assert!((number(&fit["error"]) - best).abs() < 1e-6, "{fit}");
        }
        for two in fits.windows(2) {
            assert!(number(&two[1]["error"]) < 0.3 * number(&two[0]["error"]));
        }
    }),
    ("dying-relu", |found| {
        let functions = list(&found["functions"]);
        let steps = |i: usize| list(&functions[i]["steps"]);
        assert_eq!(functions[0]["function"], "relu");
        for step in steps(0) {
            assert_eq!(
                (&step["gradient"], &step["alive"]),
                (&0.0.into(), &0.into()),
                "{step}"
            );
        }
        assert_eq!(functions[0]["moved"], 0.0);
        let (first, last) = (&steps(1)[0], steps(1).last().expect("steps"));
        assert_eq!(first["alive"], 0);
        assert!(number(&first["gradient"]) > 0.0);
        assert_eq!(last["alive"], 16);
        assert!(
            number(&last["loss"]) < 0.05 * number(&first["loss"]),
            "{last}"
        );
    }),
    ("saturation", |found| {
        let functions = list(&found["functions"]);
        assert!(functions.len() > 40);
        let f = |id: &str| {
            let found = functions.iter().find(|f| f["id"] == id);
            found.unwrap_or_else(|| panic!("no {id}"))
        };
        let from = |id: &str, side: &str| f(id)[side]["from"].as_f64();
        // Where σ' = 1/128, and tanh' = 1/128, to the next 1/64.
        assert_eq!(from("sigmoid", "right"), Some(4.843_75));
        assert_eq!(from("tanh", "left"), Some(3.125));
        for id in ["relu", "gelu", "silu", "softplus"] {
            assert!(
                from(id, "left").is_some() && from(id, "right").is_none(),
                "{id}"
            );
        }
        for id in ["linear", "abs", "square"] {
            assert!(
                from(id, "left").is_none() && from(id, "right").is_none(),
                "{id}"
            );
        }
        for f in functions {
            assert_eq!(
                (&f["left"], &f["right"]),
                (&f["left_exact"], &f["right_exact"]),
                "{f}"
            );
        }
        // The ranking: those that saturate on both sides come first.
        let both = |f: &Value| f["left"]["from"].is_number() && f["right"]["from"].is_number();
        let sorted: Vec<bool> = functions.iter().map(both).collect();
        assert!(
            sorted.is_sorted_by(|a, b| a >= b) && sorted[0],
            "{sorted:?}"
        );
    }),
];

fn people_get_a_table_and_a_conclusion() -> Result<(), Failed> {
    let run = nonlin(&["experiment", "relu-values", "--engine", "cpu"]);
    let lines = run.lines();
    assert!(lines[0].starts_with("on the CPU, "), "{lines:?}");
    assert!(lines.contains(&" -3           0      0"), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("So: relu needs")));
    Ok(())
}

fn the_seed_decides_the_numbers() -> Result<(), Failed> {
    let run = |seed: &str| -> Run {
        let experiment = ["experiment", "two-layer", "--engine", "cpu", "--json"];
        nonlin(&[&experiment[..], &["--seed", seed]].concat())
    };
    let (one, again, two) = (run("1"), run("1"), run("2"));
    assert_eq!(one.out, again.out);
    let figures = |run: &Run| json_lines(&run.out)[0]["figures"]["relu"].clone();
    assert_ne!(figures(&one), figures(&two));
    Ok(())
}

fn every_experiment_has_a_picture() -> Result<(), Failed> {
    let folder = std::env::temp_dir().join(format!("nonlin-experiment-{}", std::process::id()));
    let path = folder.to_str().expect("UTF-8");
    let run = nonlin(&["experiment", "all", "--engine", "cpu", "--svg", path]);
    let files = std::fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
    let mut pictures = 0;
    for (name, _) in CHECKS {
        let text = std::fs::read_to_string(folder.join(format!("{name}.svg")))?;
        assert!(
            text.starts_with("<svg") && text.ends_with("</svg>\n"),
            "{name}"
        );
        assert!(!text.contains("NaN"), "{name}");
        pictures += 1;
    }
    std::fs::remove_dir_all(&folder)?;
    assert_eq!(run.status, 0, "{}", run.err);
    assert_eq!(files.len(), pictures);
    let nowhere = nonlin(&[
        "experiment",
        "relu-values",
        "--engine",
        "cpu",
        "--svg",
        "/dev/null/pictures",
    ]);
    let complaint = nowhere.complaint(1);
    assert!(complaint.contains("/dev/null/pictures"), "{complaint}");
    Ok(())
}

fn wrong_arguments_are_refused() -> Result<(), Failed> {
    let refused = |arguments: &[&str], word: &str| {
        let run = nonlin(arguments);
        let complaint = run.complaint(2);
        assert!(complaint.contains(word), "{complaint}");
    };
    refused(&["experiment", "cold-fusion"], "cold-fusion");
    refused(
        &[
            "experiment",
            "two-layer",
            "--engine",
            "cpu",
            "--adapter",
            "x",
        ],
        "--adapter",
    );
    Ok(())
}

fn main() {
    let mut trials = vec![
        Trial::test(
            "people_get_a_table_and_a_conclusion",
            people_get_a_table_and_a_conclusion,
        ),
        Trial::test("the_seed_decides_the_numbers", the_seed_decides_the_numbers),
        Trial::test(
            "every_experiment_has_a_picture",
            every_experiment_has_a_picture,
        ),
        Trial::test("wrong_arguments_are_refused", wrong_arguments_are_refused),
    ];
    for (name, check) in CHECKS {
        trials.push(Trial::test(format!("cpu::{name}"), move || {
            check(&on_the_cpu()[name]);
            Ok(())
        }));
        trials.push(on_an_adapter(&format!("gpu::{name}"), move || {
            check(&on_the_gpu()[name]);
        }));
    }
    trials.push(Trial::test("cpu::all_of_them_ran", || {
        assert_eq!(on_the_cpu().len(), CHECKS.len());
        Ok(())
    }));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
