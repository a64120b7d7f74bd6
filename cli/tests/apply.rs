//! `nonlin apply`.

mod common;

use common::{nonlin, program};
use nonlin::cpu::Cpu;
use nonlin::{Activation, Chain, Engine};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

fn numbers(len: usize) -> Vec<f32> {
    (0..len)
        .map(|i| ((i * 7919) % 10_007) as f32 * 1e-3 - 5.0)
        .collect()
}

fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// A folder of a test's own.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("apply-{test}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// What a program reads and writes through its pipes.
fn piped(arguments: &[&str], input: &[u8]) -> (Option<i32>, Vec<u8>, String) {
    let mut command = program(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A program that fails early reads no more.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("it wrote");
    let err = String::from_utf8(output.stderr).expect("UTF-8");
    (output.status.code(), output.stdout, err)
}

/// NumPy's header, as `numpy.save` writes it: padded to a multiple of 64 bytes.
fn npy(description: &str, data: &[u8]) -> Vec<u8> {
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    let spaces = 63 - (10 + description.len()) % 64;
    let header = format!("{description}{}\n", " ".repeat(spaces));
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(data);
    file
}

#[test]
fn files_of_several_parts_are_computed_whole() {
    let folder = folder("parts");
    let x = numbers((4 << 20) * 2 + 5);
    let (from, to) = (folder.join("x.f32"), folder.join("y.f32"));
    fs::write(&from, bytes(&x)).expect("written");
    let function = "scale(0.5) | leaky_relu(slope=0.1) | offset(1)";
    for (arguments, derivative) in [(&[][..], false), (&["--derivative"][..], true)] {
        let all = [
            &["apply", function, text(&from), text(&to), "--engine", "cpu"],
            arguments,
        ];
        assert!(nonlin(&all.concat()).lines().is_empty());
        let chain: Chain<'_> = function.parse().expect("a chain");
        let want = if derivative {
            Cpu::new().derivative(&chain, &x)
        } else {
            Cpu::new().forward(&chain, &x)
        };
        assert_eq!(
            fs::read(&to).expect("it is there"),
            bytes(&want.expect("good"))
        );
    }
    let left: Vec<_> = fs::read_dir(&folder).expect("a folder").collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn numpy_files_keep_their_shape_and_order() {
    let folder = folder("npy");
    let x = numbers(6);
    let want = Cpu::new().forward(&Activation::relu(), &x).expect("good");
    let (from, to) = (folder.join("x.npy"), folder.join("y.npy"));
    for description in [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, ), }",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (3, 2, ), }",
    ] {
        fs::write(&from, npy(description, &bytes(&x))).expect("written");
        nonlin(&["apply", "relu", text(&from), text(&to), "--engine", "cpu"]).lines();
        let file = fs::read(&to).expect("it is there");
        assert!(file.starts_with(b"\x93NUMPY"));
        assert!(file.ends_with(&bytes(&want)));
        let header = String::from_utf8_lossy(&file[..file.len() - 24]);
        let same = |word: &str| header.contains(word) == description.contains(word);
        assert!(
            same("(2, 3, )") && same("(3, 2, )") && same("True"),
            "{header}"
        );
    }
    // In the place of the input, and to bare numbers.
    nonlin(&["apply", "relu", text(&from), text(&from), "--engine", "cpu"]).lines();
    assert!(
        fs::read(&from)
            .expect("it is there")
            .ends_with(&bytes(&want))
    );
    let bare = folder.join("y.f32");
    nonlin(&["apply", "relu", text(&from), text(&bare), "--engine", "cpu"]).lines();
    assert_eq!(fs::read(&bare).expect("it is there"), bytes(&want));
}

#[test]
fn pipes_go_through() {
    let x = numbers(100_003);
    let want = Cpu::new().forward(&Activation::tanh(), &x).expect("good");
    let arguments = ["apply", "tanh", "-", "-", "--engine", "cpu"];
    let (status, out, err) = piped(&arguments, &bytes(&x));
    assert_eq!((status, err.as_str()), (Some(0), ""));
    assert_eq!(out, bytes(&want));
    assert_eq!(piped(&arguments, &[]).0, Some(0));

    let file = npy(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (100003,), }",
        &bytes(&x),
    );
    let arguments = [&arguments[..], &["--format", "npy"]].concat();
    let (status, out, _) = piped(&arguments, &file);
    assert_eq!(status, Some(0));
    assert!(out.starts_with(b"\x93NUMPY") && out.ends_with(&bytes(&want)));
}

#[test]
fn what_cannot_be_done_is_told_and_leaves_nothing() {
    let folder = folder("wrong");
    let to = folder.join("y.f32");
    let complaint = |content: &[u8], name: &str| {
        let from = folder.join(name);
        fs::write(&from, content).expect("written");
        let run = nonlin(&["apply", "relu", text(&from), text(&to), "--engine", "cpu"]);
        let said = run.complaint(1).to_owned();
        fs::remove_file(&from).expect("it was there");
        let left: Vec<_> = fs::read_dir(&folder).expect("a folder").collect();
        assert!(left.is_empty(), "{left:?}");
        said
    };
    assert!(complaint(&[0; 10], "x.f32").contains("10 bytes are no whole number of f32"));
    let doubles = npy(
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }",
        &[0; 16],
    );
    let said = complaint(&doubles, "x.npy");
    assert!(said.contains("'<f8'") && said.contains("astype"), "{said}");
    let short = npy(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }",
        &[0; 12],
    );
    assert!(complaint(&short, "x.npy").contains("ends after 3 of 4 elements"));
    complaint(b"no numpy file at all", "x.npy");

    let arguments = ["apply", "relu", "-", "-", "--engine", "cpu"];
    let (status, _, err) = piped(&arguments, &[0; 7]);
    assert_eq!(status, Some(1));
    assert!(err.contains("standard input: 7 bytes"), "{err}");
    let npy_of_unknown_length = ["apply", "relu", "-", "y.npy", "--engine", "cpu"];
    let run = nonlin(&npy_of_unknown_length);
    assert!(run.complaint(2).contains("number of elements"));
    let absent = nonlin(&["apply", "relu", "nosuch.f32", "y.f32"]);
    assert!(absent.complaint(1).contains("nosuch.f32"));
    let from = folder.join("x.f32");
    fs::write(&from, [0; 4]).expect("written");
    let nowhere = folder.join("nosuch").join("y.f32");
    let run = nonlin(&[
        "apply",
        "relu",
        text(&from),
        text(&nowhere),
        "--engine",
        "cpu",
    ]);
    assert!(run.complaint(1).contains("nosuch"));
    nonlin(&["apply", "nosuch", text(&from), text(&to)]).complaint(2);
    let run = nonlin(&["apply", "gelu", text(&from), text(&to), "--from-output"]);
    assert!(run.complaint(2).contains("derivative from its output"));
}
