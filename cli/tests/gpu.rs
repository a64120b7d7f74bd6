//! The commands on the adapters of this machine. Without an adapter these fail; NONLIN_TEST_NO_GPU=1 has them ignored.

mod common;

use common::{json_lines, nonlin, on_an_adapter, program};
use libtest_mimic::{Arguments, Trial};

fn one_adapter_is_chosen() {
    let objects = json_lines(&nonlin(&["adapters", "--json"]).out);
    let chosen = objects.iter().filter(|object| object["chosen"] == true);
    assert_eq!(chosen.count(), 1, "{objects:?}");
    let table = nonlin(&["adapters"]);
    for object in &objects {
        let name = object["name"].as_str().expect("text");
        assert!(table.lines().iter().any(|line| line.contains(name)));
        assert!(
            object["reason"]
                .as_str()
                .is_some_and(|reason| !reason.is_empty())
        );
    }
}

fn every_adapter_evaluates() {
    let objects = json_lines(&nonlin(&["adapters", "--json"]).out);
    assert!(
        !objects.is_empty(),
        "no adapter; NONLIN_TEST_NO_GPU=1 leaves this out"
    );
    for object in objects {
        let name = object["name"].as_str().expect("text");
        let backend = object["backend"].as_str().expect("text");
        let mut command = program(&[
            "eval",
            "gelu",
            "--engine",
            "gpu",
            "--adapter",
            name,
            "--",
            "-10",
            "nan",
            "inf",
        ]);
        let run = common::Run::from(
            command
                .env("WGPU_BACKEND", backend)
                .output()
                .expect("it starts"),
        );
        let lines = run.lines();
        let value: f32 = lines[0].parse().expect("a number");
        let ulps = value.to_bits().abs_diff((-7.619853e-23_f32).to_bits());
        assert!(ulps <= 4, "{name} through {backend}: {value:e}");
        assert_eq!(lines[1..], ["NaN", "inf"], "{name} through {backend}");
    }
}

fn bench_times_the_ways_apart() {
    let run = nonlin(&[
        "bench",
        "--ops",
        "relu,gelu",
        "--elements",
        "4099",
        "--seconds",
        "0",
        "--direction",
        "forward,backward",
        "--json",
        "-",
    ]);
    assert_eq!(run.status, 0, "{}", run.err);
    let objects = json_lines(&run.out);
    let gpu: Vec<_> = objects
        .iter()
        .filter(|object| object["engine"] == "gpu")
        .collect();
    assert_eq!(gpu.len(), 4);
    for object in gpu {
        for time in [
            "upload_ms",
            "compute_ms",
            "download_ms",
            "total_ms",
            "copy_ms",
            "compile_ms",
        ] {
            assert!(
                object[time].as_f64().is_some_and(|ms| ms > 0.0),
                "{time}: {object}"
            );
        }
        assert!(
            object["max_ulp"].as_f64().is_some_and(|ulp| ulp <= 8.5),
            "{object}"
        );
    }
    for heading in ["upload", "compute", "download", "total", "data on"] {
        assert!(run.err.contains(heading), "{heading} is missing");
    }
    if objects.iter().any(|object| object["software"] == true) {
        assert!(run.err.contains("SOFTWARE"));
    }
}

fn a_name_that_matches_nothing_lists_what_there_is() {
    for command in ["eval relu --adapter nosuch 1", "bench --adapter nosuch"] {
        let arguments: Vec<&str> = command.split(' ').collect();
        let run = nonlin(&arguments);
        let complaint = run.complaint(1);
        assert!(
            complaint.contains("\"nosuch\"") && complaint.contains("there is: "),
            "{complaint}"
        );
    }
}

fn without_an_adapter_bench_runs_on_the_cpu_and_says_how_to_get_one() {
    // A backend that this system has no driver for.
    let foreign = if cfg!(windows) { "metal" } else { "dx12" };
    let arguments = [
        "bench",
        "--ops",
        "relu",
        "--elements",
        "100",
        "--seconds",
        "0",
    ];
    let mut command = program(&arguments);
    let run = common::Run::from(
        command
            .env("WGPU_BACKEND", foreign)
            .output()
            .expect("it starts"),
    );
    let text = run.lines().join("\n");
    assert!(
        text.contains("none: no GPU adapter found") && text.contains("setup.sh"),
        "{text}"
    );
    let mut command = program(&["bench", "--engine", "gpu", "--elements", "100"]);
    let run = common::Run::from(
        command
            .env("WGPU_BACKEND", foreign)
            .output()
            .expect("it starts"),
    );
    run.complaint(1);
    let mut command = program(&["bench", "--elements", "100"]);
    command.env("NONLIN_ADAPTER", "radeon");
    let run = common::Run::from(
        command
            .env("WGPU_BACKEND", foreign)
            .output()
            .expect("it starts"),
    );
    run.complaint(1);
}

fn phases_are_told_apart() {
    let run = nonlin(&[
        "bench",
        "--phases",
        "--ops",
        "relu,gelu",
        "--direction",
        "forward,backward",
        "--elements",
        "5000",
        "--seconds",
        "0",
        "--json",
        "-",
    ]);
    assert!(
        run.err
            .contains("What this means for this machine. One call from slice to slice"),
        "{}",
        run.err
    );
    let objects = json_lines(&run.out);
    assert_eq!(objects.len(), 4);
    for object in objects {
        for part in [
            "write",
            "submit",
            "device",
            "map",
            "copy_out",
            "call",
            "memcpy_in",
        ] {
            let ms = object[format!("{part}_ms")].as_f64();
            assert!(ms.is_some_and(|ms| ms > 0.0), "{part}: {object}");
        }
    }
    let run = nonlin(&["bench", "--phases", "--engine", "cpu", "--elements", "10"]);
    assert!(run.err.contains("--phases needs a GPU"), "{}", run.err);
}

fn the_crossover_is_drawn_and_told() {
    let path = std::env::temp_dir().join(format!("nonlin-crossover-{}.svg", std::process::id()));
    let name = path.to_str().expect("UTF-8");
    let options = "--direction forward --elements 4096,256 --seconds 0 --json - --svg";
    let mut arguments = vec!["bench", "--crossover", "--ops", "relu,scale(2) | gelu"];
    arguments.extend(options.split(' '));
    let run = nonlin(&[&arguments[..], &[name]].concat());
    assert_eq!(run.status, 0, "{}", run.err);
    let svg = std::fs::read_to_string(&path).expect("the picture is there");
    std::fs::remove_file(&path).expect("it can be removed");
    assert_eq!(svg.matches("<g data-panel=").count(), 2, "{svg}");
    for panel in svg.split("<g data-panel=").skip(1) {
        for line in ["s c0", "s c1", "s d c0", "s d c1"] {
            let line = format!("class=\"{line}\"");
            assert_eq!(panel.matches(&line).count(), 1, "{line}: {panel}");
        }
    }
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    assert!(
        run.err.contains("What this means for this machine. "),
        "{}",
        run.err
    );
    let objects = json_lines(&run.out);
    assert_eq!(objects.len(), 4);
    for object in &objects {
        for part in ["cpu", "gpu_call", "gpu_resident", "transfer"] {
            let quartiles = &object["quartiles_ms"][part];
            assert!(quartiles[0].as_f64() <= quartiles[1].as_f64(), "{object}");
        }
        assert!(
            object["adapter"]
                .as_str()
                .is_some_and(|name| !name.is_empty())
        );
    }
    let other = nonlin(&[&arguments[..], &["crossover.txt"]].concat());
    assert!(other.complaint(2).contains("neither .svg nor .png"));
}

fn main() {
    let trials = vec![
        on_an_adapter("one_adapter_is_chosen", one_adapter_is_chosen),
        on_an_adapter("every_adapter_evaluates", every_adapter_evaluates),
        on_an_adapter("bench_times_the_ways_apart", bench_times_the_ways_apart),
        on_an_adapter("phases_are_told_apart", phases_are_told_apart),
        on_an_adapter(
            "the_crossover_is_drawn_and_told",
            the_crossover_is_drawn_and_told,
        ),
        on_an_adapter(
            "a_name_that_matches_nothing_lists_what_there_is",
            a_name_that_matches_nothing_lists_what_there_is,
        ),
        Trial::test(
            "without_an_adapter_bench_runs_on_the_cpu_and_says_how_to_get_one",
            || {
                without_an_adapter_bench_runs_on_the_cpu_and_says_how_to_get_one();
                Ok(())
            },
        ),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
