//! The shaders as a library: every text is valid for every kind of driver, and computes what the crate's own kernels compute.

#[path = "../examples/foreign_shader.rs"]
mod example;
#[path = "support/generators.rs"]
mod generators;
#[macro_use]
mod support;

use generators::check;
use libtest_mimic::{Completion, Failed, Trial};
use nonlin::wgsl::{Lanes, Source, source};
use nonlin::{Activation, Direction, Engine, Gpu};
use support::claims::{self, IntoCompletion};
use wgpu::util::{BufferInitDescriptor, DeviceExt};

const DIRECTIONS: [Direction; 3] = [
    Direction::Forward,
    Direction::Derivative,
    Direction::DerivativeFromOutput,
];

fn with_all() -> Vec<Activation> {
    let points = "piecewise_linear(left=0.25, right=-2, points=[-1:0, 0:2, 4:1])";
    let more = [
        "leaky_relu(slope=0.1)",
        "swish(beta=-1.75)",
        "softplus(beta=3)",
        "celu(alpha=0.3)",
        points,
    ];
    let mut all = Activation::all();
    all.extend(more.map(|text| text.parse().expect("the catalogue has it")));
    all
}

/// The directions of `f` that a text can hold.
fn directions(f: &Activation) -> impl Iterator<Item = Direction> + use<> {
    let from_output = f.has_derivative_from_output();
    DIRECTIONS
        .into_iter()
        .filter(move |direction| from_output || !direction.from_output())
}

/// Where a foreign shader has its constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Constants {
    Text,
    /// In a buffer; for one function only.
    Data,
}

/// A shader of another program that calls every function that the text was asked for.
fn foreign(
    source: &Source,
    functions: &[Activation],
    lanes: Lanes,
    constants: Constants,
) -> Result<String, Failed> {
    let element = match lanes {
        Lanes::Vec4 => "vec4<f32>",
        _ => "f32",
    };
    let mut calls = String::new();
    for f in functions {
        for direction in directions(f) {
            let call = match constants {
                Constants::Text => source.call(f, direction, "x")?,
                Constants::Data => {
                    source.call_with(f, direction, "x", |i| format!("constants[{i}]"))?
                }
            };
            calls += &format!("    data[at] = {call};\n    at += params.count;\n");
        }
    }
    Ok(format!(
        "{}
struct Params {{ zero: u32, count: u32 }}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> data: array<{element}>;
@group(0) @binding(2) var<storage, read> inputs: array<{element}>;
@group(0) @binding(3) var<storage, read> constants: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {{
    if id.x >= params.count {{
        return;
    }}
    let x = inputs[id.x];
    // Used, so that every shader has the same bindings.
    var at = id.x + min(arrayLength(&constants), 0u);
{calls}}}
",
        source.build()?
    ))
}

fn maker(functions: &[Activation], lanes: Lanes, prefix: &str) -> Source {
    Source::new(functions)
        .lanes(lanes)
        .prefix(prefix)
        .zero("params.zero")
        .derivative_from_output(true)
}

fn every_text_is_valid() -> Result<(), Failed> {
    let all = with_all();
    let alone = all.iter().map(std::slice::from_ref);
    for functions in alone.chain([&all[..], &[]]) {
        for lanes in [Lanes::Scalar, Lanes::Vec4] {
            for prefix in ["nonlin_", "", "_p"] {
                let text = foreign(
                    &maker(functions, lanes, prefix),
                    functions,
                    lanes,
                    Constants::Text,
                )?;
                check(&text)?;
            }
        }
    }
    Ok(())
}

fn a_text_holds_what_it_was_asked_for() -> Result<(), Failed> {
    let text = source(&[
        Activation::relu(),
        Activation::relu(),
        Activation::leaky_relu(),
    ])?;
    assert_eq!(
        text.matches("fn nonlin_relu_forward(x: nonlin_F)").count(),
        1,
        "{text}"
    );
    assert!(text.contains("fn nonlin_leaky_relu_derivative(x: nonlin_F, c: nonlin_LeakyRelu)"));
    assert!(!text.contains("from_output") && !text.contains("exp") && !text.contains("zero_bits"));
    assert!(!text.contains('@') && !text.contains("var<"), "{text}");
    // Alone it is a whole shader, but for the zero that the caller provides.
    let gelu = source(&[Activation::gelu()])?;
    assert!(naga::front::wgsl::parse_str(&gelu).is_err());
    check(&format!(
        "{gelu}fn nonlin_zero_bits() -> u32 {{ return 0u; }} @compute @workgroup_size(1) fn main() {{}}"
    ))?;
    let call = Source::new(&[]).call(&"leaky_relu(0.1)".parse()?, Direction::Backward, "v")?;
    assert_eq!(
        call,
        "nonlin_leaky_relu_derivative(v, nonlin_LeakyRelu(0x1.99999ap-4f))"
    );
    Ok(())
}

fn a_custom_function_can_be_part_of_it() -> Result<(), Failed> {
    let wgsl = "fn half(x: f32) -> f32 { return 0.5 * x; }
        fn halved(x: f32, p: vec4<f32>) -> f32 { return half(x) + p.y; }
        fn halved_derivative(x: f32, p: vec4<f32>) -> f32 { return 0.5; }";
    let functions = [
        Activation::custom("halved", wgsl, &[1.0, 2.0])?,
        Activation::gelu(),
    ];
    let text = foreign(
        &maker(&functions, Lanes::Scalar, "nonlin_"),
        &functions,
        Lanes::Scalar,
        Constants::Text,
    )?;
    assert!(
        text.contains("nonlin_halved_forward(x, nonlin_halved_constants("),
        "{text}"
    );
    check(&text)?;
    let error = maker(&functions, Lanes::Vec4, "")
        .build()
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "no WGSL can be made of that: halved is a custom function, which takes one element at a time"
    );
    Ok(())
}

fn what_cannot_be_made_is_said() -> Result<(), Failed> {
    let functions = [Activation::gelu()];
    for prefix in ["9", "a-b", "__a", "é", "a b"] {
        let error = Source::new(&functions)
            .prefix(prefix)
            .build()
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            format!("no WGSL can be made of that: no name can begin with \"{prefix}\"")
        );
    }
    for zero in ["", "0u; }", ")(", "params.zero // ", "(zero", "{0}"] {
        let error = Source::new(&functions)
            .zero(zero)
            .build()
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            format!("no WGSL can be made of that: \"{zero}\" is no expression for a zero")
        );
    }
    let maker = Source::new(&functions);
    assert!(
        maker
            .call(&Activation::gelu(), Direction::DerivativeFromOutput, "y")
            .is_err()
    );
    assert!(
        maker
            .call(&Activation::Elu { alpha: -1.0 }, Direction::Forward, "x")
            .is_err()
    );
    Ok(())
}

/// Runs a shader of another program.
fn run(
    gpu: &Gpu,
    shader: &str,
    lanes: Lanes,
    inputs: &[f32],
    constants: &[f32],
    results: usize,
) -> Result<Vec<f32>, Failed> {
    let (device, queue) = (gpu.device(), gpu.queue());
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(shader.into()),
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: None,
        module: &module,
        entry_point: Some("main"),
        compilation_options: Default::default(),
        cache: None,
    });
    let width = if lanes == Lanes::Vec4 { 4 } else { 1 };
    let count = (inputs.len() / width) as u32;
    let bytes = (inputs.len() * results * 4) as u64;
    let buffer = |contents: &[u8], usage| {
        device.create_buffer_init(&BufferInitDescriptor {
            label: None,
            contents,
            usage,
        })
    };
    let params = buffer(
        bytemuck::cast_slice(&[0, count, 0, 0]),
        wgpu::BufferUsages::UNIFORM,
    );
    let floats = |values: &[f32]| buffer(bytemuck::cast_slice(values), wgpu::BufferUsages::STORAGE);
    let inputs = floats(inputs);
    let constants = floats(if constants.is_empty() {
        &[0.0]
    } else {
        constants
    });
    let create = |usage| {
        device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: bytes,
            usage,
            mapped_at_creation: false,
        })
    };
    let data = create(wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC);
    let readable = create(wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ);
    let entries: Vec<_> = (0..)
        .zip([&params, &data, &inputs, &constants])
        .map(|(binding, buffer)| wgpu::BindGroupEntry {
            binding,
            resource: buffer.as_entire_binding(),
        })
        .collect();
    let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &entries,
    });
    let mut encoder = device.create_command_encoder(&Default::default());
    {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &bind_group, &[]);
        pass.dispatch_workgroups(count.div_ceil(64), 1, 1);
    }
    encoder.copy_buffer_to_buffer(&data, 0, &readable, 0, bytes);
    queue.submit([encoder.finish()]);
    readable.map_async(wgpu::MapMode::Read, .., |result| {
        result.expect("it can be mapped")
    });
    device.poll(wgpu::PollType::wait_indefinitely())?;
    let mapped = readable.get_mapped_range(..)?;
    Ok(bytemuck::cast_slice(&mapped).to_vec())
}

/// Numbers of every size and sign, and the special ones.
fn inputs() -> Vec<f32> {
    let mut all: Vec<f32> = (-480..=480).map(|i| i as f32 / 24.0).collect();
    let sizes = (1..=254_u32).map(|exponent| f32::from_bits(exponent << 23 | 0x0035_1357));
    all.extend(sizes.flat_map(|x| [x, -x]));
    all.extend([
        0.0,
        -0.0,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        f32::MAX,
        f32::MIN,
    ]);
    all.resize(all.len().next_multiple_of(4), 1.0);
    all
}

fn distance(a: f32, b: f32) -> u32 {
    let ordered = |x: f32| {
        let bits = x.to_bits() as i32;
        if bits < 0 {
            i32::MIN.wrapping_sub(bits)
        } else {
            bits
        }
    };
    if a == b || (a.is_nan() && b.is_nan()) {
        return 0;
    }
    ordered(a).abs_diff(ordered(b))
}

/// The largest distance between what a foreign pipeline and the crate's own kernels compute, and where.
fn furthest(gpu: &Gpu, constants: Constants) -> Result<(u32, String), Failed> {
    let x = inputs();
    let mut most = (0, String::new());
    for f in with_all() {
        let functions = std::slice::from_ref(&f);
        for lanes in [Lanes::Vec4, Lanes::Scalar] {
            let maker = maker(functions, lanes, "nonlin_");
            let shader = foreign(&maker, functions, lanes, constants)?;
            let directions: Vec<Direction> = directions(&f).collect();
            let numbers = f.shader_constants();
            let found = run(gpu, &shader, lanes, &x, &numbers, directions.len())?;
            for (direction, found) in directions.into_iter().zip(found.chunks_exact(x.len())) {
                let mut own = vec![0.0; x.len()];
                gpu.compute(&f, direction, &x, None, &mut own)?;
                for ((x, found), own) in x.iter().zip(found).zip(&own) {
                    let apart = distance(*found, *own);
                    if apart > most.0 {
                        let at = format!("{f} {direction} {lanes:?} at {x:e}");
                        most = (apart, format!("{at}: {found:e}, own {own:e}"));
                    }
                }
            }
        }
    }
    println!("{constants:?}: {most:?}");
    Ok(most)
}

fn with_constants_as_data_every_bit_is_the_same(gpu: &Gpu) -> Result<(), Failed> {
    let (apart, place) = furthest(gpu, Constants::Data)?;
    if apart == 0 {
        Ok(())
    } else {
        Err(place.into())
    }
}

fn with_constants_in_the_text_one_ulp_may_differ(gpu: &Gpu) -> Result<(), Failed> {
    let (apart, place) = furthest(gpu, Constants::Text)?;
    if apart <= 1 {
        Ok(())
    } else {
        Err(place.into())
    }
}

fn the_example_holds(_: &Gpu) -> Result<(), Failed> {
    example::main().map_err(|error| Failed::from(error.to_string()))
}

impl IntoCompletion for Result<(), Failed> {
    fn into_completion(self) -> Result<Completion, Failed> {
        self.map(|()| Completion::Completed)
    }
}

fn main() {
    type Claim = fn() -> Result<(), Failed>;
    let alone: [(&str, Claim); 4] = [
        ("every_text_is_valid", every_text_is_valid),
        (
            "a_text_holds_what_it_was_asked_for",
            a_text_holds_what_it_was_asked_for,
        ),
        (
            "a_custom_function_can_be_part_of_it",
            a_custom_function_can_be_part_of_it,
        ),
        ("what_cannot_be_made_is_said", what_cannot_be_made_is_said),
    ];
    let mut trials: Vec<Trial> = alone
        .into_iter()
        .map(|(name, claim)| Trial::test(name, claim))
        .collect();
    trials.extend(claims::trials(claims![
        with_constants_as_data_every_bit_is_the_same,
        with_constants_in_the_text_one_ulp_may_differ,
        the_example_holds,
    ]));
    claims::run(trials);
}
