//! Claims about the GPU engine that hold on every adapter: lengths, limits, in-place forms, sharing, errors.

#[macro_use]
mod support;
#[path = "../examples/tensors.rs"]
mod tensors_example;

use libtest_mimic::{Completion, Trial};
use nonlin::gpu::Clock;
use nonlin::{Activation, Direction, Engine, Error, Gpu, Tensor};
use support::adapters::again;
use support::claims::{self, IntoCompletion};
use support::foreign::Foreign;

const LENGTHS: [usize; 12] = [0, 1, 3, 4, 5, 255, 256, 257, 1023, 1024, 1025, 5000];

/// All its values are exact, and it has a parameter.
fn leaky() -> Activation {
    Activation::LeakyRelu { slope: 0.25 }
}

fn leaky_value(x: f32) -> f32 {
    if x > 0.0 { x } else { 0.25 * x }
}

fn leaky_slope(x: f32) -> f32 {
    if x > 0.0 { 1.0 } else { 0.25 }
}

/// Numbers of both signs that differ from their neighbours and from those a power of two away.
fn inputs(len: usize) -> Vec<f32> {
    (0..len)
        .map(|i| ((i * 7919) % 10_007) as f32 - 5000.5)
        .collect()
}

fn grads(len: usize) -> Vec<f32> {
    (0..len).map(|i| (i % 13) as f32 - 6.5).collect()
}

fn assert_equal(got: &[f32], want: &[f32], what: &str) {
    assert_eq!(got.len(), want.len(), "{what}: length");
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!(got == want, "{what}: element {i} is {got:?}, want {want:?}");
    }
}

/// Every operation on one length, over tensors and over slices.
fn check_length(gpu: &Gpu, len: usize) -> nonlin::Result<()> {
    let f = leaky();
    let (x, grad) = (inputs(len), grads(len));
    let values: Vec<f32> = x.iter().map(|&x| leaky_value(x)).collect();
    let slopes: Vec<f32> = x.iter().map(|&x| leaky_slope(x)).collect();
    let products: Vec<f32> = slopes.iter().zip(&grad).map(|(a, b)| a * b).collect();
    let what = |name: &str| format!("{name}, {len} elements");

    let (tx, tg) = (gpu.upload(&x)?, gpu.upload(&grad)?);
    assert_eq!((tx.len(), tx.is_empty()), (len, len == 0));
    assert_equal(&tx.download()?, &x, &what("upload and download"));
    let y = gpu.forward(&f, &tx)?;
    assert_equal(&y.download()?, &values, &what("forward"));
    assert_equal(
        &gpu.derivative(&f, &tx)?.download()?,
        &slopes,
        &what("derivative"),
    );
    assert_equal(
        &gpu.backward(&f, &tx, &tg)?.download()?,
        &products,
        &what("backward"),
    );
    let (y, derivative) = gpu.forward_and_derivative(&f, &tx)?;
    assert_equal(&y.download()?, &values, &what("forward of both"));
    assert_equal(
        &derivative.download()?,
        &slopes,
        &what("derivative of both"),
    );
    let (y, dx) = gpu.batch(|batch| batch.forward_and_backward(&f, &tx, &tg))?;
    assert_equal(&y.download()?, &values, &what("forward with backward"));
    assert_equal(&dx.download()?, &products, &what("backward with forward"));
    let from_output = gpu.derivative_from_output(&f, &y)?;
    assert_equal(
        &from_output.download()?,
        &slopes,
        &what("derivative from the output"),
    );
    let from_output = gpu.backward_from_output(&f, &y, &tg)?;
    assert_equal(
        &from_output.download()?,
        &products,
        &what("backward from the output"),
    );

    assert_equal(
        &Engine::forward(gpu, &f, &x)?,
        &values,
        &what("forward over slices"),
    );
    let dx = Engine::backward(gpu, &f, &x, &grad)?;
    assert_equal(&dx, &products, &what("backward over slices"));
    let mut place = x.clone();
    Engine::forward_in_place(gpu, &f, &mut place)?;
    assert_equal(&place, &values, &what("forward over a slice in place"));
    let mut place = grad.clone();
    Engine::backward_in_place(gpu, &f, &x, &mut place)?;
    assert_equal(&place, &products, &what("backward over a slice in place"));
    Ok(())
}

fn every_length_works(gpu: &Gpu) -> nonlin::Result<()> {
    LENGTHS
        .into_iter()
        .try_for_each(|len| check_length(gpu, len))
}

fn tensors_cross_the_chunk_limit(gpu: &Gpu) -> nonlin::Result<()> {
    let gpu = again(gpu).max_chunk_bytes(1000).build()?;
    assert_eq!(gpu.info().max_chunk_bytes, 960);
    assert_eq!(gpu.empty(241)?.buffers().len(), 2);
    [1, 239, 240, 241, 243, 244, 245, 479, 480, 481, 1000, 1025]
        .into_iter()
        .try_for_each(|len| check_length(&gpu, len))
}

fn dispatches_cross_the_group_limit(gpu: &Gpu) -> nonlin::Result<()> {
    // A group computes 1024 elements, and two dimensions of three groups each make one chunk.
    let gpu = again(gpu).max_groups(3).build()?;
    assert_eq!(gpu.info().max_chunk_bytes, 9 * 4096);
    [1023, 1024, 3071, 3072, 3073, 7000, 9215, 9216, 9217, 20_000]
        .into_iter()
        .try_for_each(|len| check_length(&gpu, len))
}

fn a_tensor_is_longer_than_one_binding(gpu: &Gpu) -> Completion {
    let info = gpu.info();
    if !(info.name.contains("llvmpipe") && info.backend == wgpu::Backend::Vulkan) {
        return Completion::ignored_with("only where it is fast enough");
    }
    let len = (info.max_chunk_bytes / 4) as usize + 1_000_001;
    let x = inputs(len);
    let tensor = gpu.upload(&x).unwrap();
    assert_eq!(tensor.buffers().len(), 2);
    gpu.forward_in_place(leaky(), &tensor).unwrap();
    let y = tensor.download().unwrap();
    let wrong = x.iter().zip(&y).position(|(&x, &y)| y != leaky_value(x));
    assert_eq!((y.len(), wrong), (len, None));
    Completion::Completed
}

fn results_take_the_place_of_operands(gpu: &Gpu) -> nonlin::Result<()> {
    for len in [1, 5, 1025] {
        let f = leaky();
        let (x, grad) = (inputs(len), grads(len));
        let values: Vec<f32> = x.iter().map(|&x| leaky_value(x)).collect();
        let slopes: Vec<f32> = x.iter().map(|&x| leaky_slope(x)).collect();
        let products: Vec<f32> = slopes.iter().zip(&grad).map(|(a, b)| a * b).collect();

        let t = gpu.upload(&x)?;
        gpu.forward_in_place(&f, &t)?;
        assert_equal(&t.download()?, &values, "forward in place");
        gpu.upload_into(&x, &t)?;
        gpu.derivative_in_place(&f, &t)?;
        assert_equal(&t.download()?, &slopes, "derivative in place");

        let (tx, tg) = (gpu.upload(&x)?, gpu.upload(&grad)?);
        gpu.backward_in_place(&f, &tx, &tg)?;
        assert_equal(&tg.download()?, &products, "backward in the place of grad");
        assert_equal(&tx.download()?, &x, "x after backward in the place of grad");
        gpu.upload_into(&grad, &tg)?;
        gpu.backward_into(&f, &tx, &tg, &tx)?;
        assert_equal(&tx.download()?, &products, "backward in the place of x");
        assert_equal(
            &tg.download()?,
            &grad,
            "grad after backward in the place of x",
        );

        let (t, other) = (gpu.upload(&x)?, gpu.empty(len)?);
        gpu.forward_and_derivative_into(&f, &t, &t, &other)?;
        assert_equal(&t.download()?, &values, "forward of both in place");
        assert_equal(
            &other.download()?,
            &slopes,
            "derivative beside forward in place",
        );
        gpu.upload_into(&x, &t)?;
        gpu.upload_into(&grad, &tg)?;
        gpu.forward_and_backward_into(&f, &t, &tg, &tg, &t)?;
        assert_equal(&tg.download()?, &values, "forward in the place of grad");
        assert_equal(
            &t.download()?,
            &products,
            "backward beside it, in that of x",
        );
        let error = gpu.forward_and_derivative_into(&f, &t, &other, &other);
        assert!(matches!(error, Err(Error::Overlap { .. })), "{error:?}");

        let t = gpu.upload(&x)?;
        let squares: Vec<f32> = x.iter().map(|&x| x * leaky_slope(x)).collect();
        let out = gpu.backward(&f, &t, &t)?;
        assert_equal(&out.download()?, &squares, "backward with x as grad");
        gpu.backward_in_place(&f, &t, &t)?;
        assert_equal(&t.download()?, &squares, "backward with x as grad in place");
    }
    Ok(())
}

fn two_threads_share_one_gpu(gpu: &Gpu) {
    let shared = gpu.upload(&inputs(3000)).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let shared = &shared;
            scope.spawn(move || {
                for round in 0..40 {
                    let len = 1 + (thread * 977 + round * 131) % 4000;
                    let y = gpu
                        .forward(leaky(), &gpu.upload(&inputs(len)).unwrap())
                        .unwrap();
                    let want: Vec<f32> = inputs(len).into_iter().map(leaky_value).collect();
                    assert_equal(&y.download().unwrap(), &want, "own tensor");
                    // A tensor that the other thread downloads at the same time.
                    let y = gpu.forward(leaky(), shared).unwrap();
                    let want: Vec<f32> = inputs(3000).into_iter().map(leaky_value).collect();
                    assert_equal(&y.download().unwrap(), &want, "shared tensor");
                    assert_equal(
                        &shared.download().unwrap(),
                        &inputs(3000),
                        "shared tensor itself",
                    );
                    gpu.wait().unwrap();
                }
            });
        }
    });
}

fn another_devices_tensor_is_refused(gpu: &Gpu) -> nonlin::Result<()> {
    let other = again(gpu).build()?;
    let (here, there) = (gpu.upload(&[1.0, 2.0])?, other.upload(&[1.0, 2.0])?);
    let refused = [
        gpu.forward(leaky(), &there).map(drop),
        gpu.forward_into(leaky(), &here, &there),
        gpu.backward(leaky(), &here, &there).map(drop),
        gpu.upload_into(&[1.0, 2.0], &there),
        gpu.time_copy(&here, &there, 1).map(drop),
    ];
    for (result, name) in
        refused
            .into_iter()
            .zip(["x", "the result", "grad", "the tensor", "the result"])
    {
        match result {
            Err(Error::WrongDevice { name: got, .. }) => assert_eq!(got, name),
            other => panic!("{name}: {other:?}"),
        }
    }
    Ok(())
}

fn lengths_that_differ_are_refused(gpu: &Gpu) -> nonlin::Result<()> {
    let (three, four) = (gpu.upload(&[0.0; 3])?, gpu.upload(&[0.0; 4])?);
    let messages = [
        (
            gpu.forward_into(leaky(), &three, &four),
            "the result holds 4 elements, x holds 3",
        ),
        (
            gpu.backward(leaky(), &three, &four).map(drop),
            "grad holds 4 elements, x holds 3",
        ),
        (
            gpu.upload_into(&[0.0; 5], &four),
            "the slice holds 5 elements, the tensor holds 4",
        ),
        (
            four.download_into(&mut [0.0; 5]),
            "the slice holds 5 elements, the tensor holds 4",
        ),
        (
            gpu.compute_tensor(leaky(), Direction::Backward, &four, None, &four),
            "backward needs a gradient, but none was given",
        ),
    ];
    for (result, message) in messages {
        assert_eq!(result.unwrap_err().to_string(), message);
    }
    Ok(())
}

fn parameters_are_checked_and_never_recompile(gpu: &Gpu) -> nonlin::Result<()> {
    let gpu = again(gpu).build()?;
    let x = gpu.upload(&[-1.0, -2.0, 3.0])?;
    for slope in [0.5, 0.125, 2.0, 0.5] {
        let y = gpu
            .forward(Activation::LeakyRelu { slope }, &x)?
            .download()?;
        assert_eq!(y, [-slope, -2.0 * slope, 3.0]);
    }
    assert_eq!(gpu.compiled_kernels(), 1);
    let outside = gpu.forward(Activation::LeakyRelu { slope: f32::NAN }, &x);
    assert!(
        matches!(outside, Err(Error::ParameterOutOfRange { .. })),
        "{outside:?}"
    );
    assert!(gpu.compile(leaky(), Direction::Forward)?.is_zero());
    assert!(!gpu.compile(leaky(), Direction::Backward)?.is_zero());
    assert_eq!(gpu.compiled_kernels(), 2);
    Ok(())
}

fn a_zero_beside_an_infinity_gives_zero_and_nan_stays(gpu: &Gpu) -> nonlin::Result<()> {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let x = gpu.upload(&[-1.0, -1.0, 1.0, 1.0, nan, 1.0, -1.0])?;
    let grad = gpu.upload(&[inf, -inf, inf, 0.0, 0.0, nan, nan])?;
    let dx = gpu.backward(Activation::relu(), &x, &grad)?.download()?;
    assert_eq!(dx[..4], [0.0, 0.0, inf, 0.0]);
    assert!(dx[4..].iter().all(|dx| dx.is_nan()), "{dx:?}");
    Ok(())
}

fn dropped_buffers_are_used_again(gpu: &Gpu) -> nonlin::Result<()> {
    let gpu = again(gpu).build()?;
    let first = gpu.empty(123_457)?;
    let buffer = first.buffers()[0].clone();
    drop(first);
    assert_eq!(gpu.empty(123_460)?.buffers()[0], buffer);
    Ok(())
}

fn async_forms_agree(gpu: &Gpu) -> nonlin::Result<()> {
    pollster::block_on(async {
        let x = inputs(2_500_000);
        let tensor = gpu.upload_async(&x).await?;
        let y = gpu.forward(leaky(), &tensor)?;
        gpu.wait_async().await?;
        let want: Vec<f32> = x.iter().map(|&x| leaky_value(x)).collect();
        assert_equal(&y.download_async().await?, &want, "async");
        assert_equal(&y.download()?, &want, "blocking");
        assert!(
            gpu.upload_async(&[])
                .await?
                .download_async()
                .await?
                .is_empty()
        );
        Ok(())
    })
}

fn too_much_memory_is_an_error(gpu: &Gpu) {
    // 64 TiB, and more than any address space.
    for len in [1 << 44, usize::MAX / 2] {
        match gpu.empty(len) {
            Err(Error::OutOfMemory { bytes, .. }) => assert!(bytes >= 1 << 46),
            other => panic!("{other:?}"),
        }
    }
}

fn a_lost_device_is_an_error(gpu: &Gpu) -> nonlin::Result<()> {
    let gpu = again(gpu).build()?;
    let x = gpu.upload(&[1.0])?;
    gpu.device().destroy();
    let results = [
        gpu.wait(),
        gpu.forward(leaky(), &x).map(drop),
        gpu.upload(&[1.0]).map(drop),
        x.download().map(drop),
    ];
    for result in results {
        assert!(
            matches!(result, Err(Error::DeviceLost { .. })),
            "{result:?}"
        );
    }
    Ok(())
}

fn times_are_plausible(gpu: &Gpu) -> nonlin::Result<()> {
    let x = gpu.upload(&inputs(1 << 16))?;
    let out = gpu.empty(x.len())?;
    let copy = gpu.time_copy(&x, &out, 10)?;
    assert_equal(&out.download()?, &inputs(1 << 16), "the copy");
    let relu = gpu.time_compute(leaky(), Direction::Forward, &x, None, &out, 10)?;
    println!("copy {copy:?}, leaky_relu {relu:?}");
    assert!(!copy.per_call.is_zero() && !relu.per_call.is_zero());
    assert!(copy.clock == relu.clock && (gpu.info().timestamps || copy.clock == Clock::Wall));
    Ok(())
}

fn a_program_with_its_own_device_needs_no_features(gpu: &Gpu) -> nonlin::Result<()> {
    let Foreign {
        device, gpu: own, ..
    } = Foreign::new(gpu);
    assert!(!own.info().mappable && !own.info().timestamps);
    LENGTHS
        .into_iter()
        .try_for_each(|len| check_length(&own, len))?;
    // More than one piece on the way.
    check_length(&own, 5_000_001)?;
    let x = own.upload(&[1.0])?;
    device.destroy();
    assert!(x.download().is_err());
    Ok(())
}

fn an_unknown_adapter_name_lists_what_there_is(gpu: &Gpu) {
    let error = Gpu::builder().adapter("no such card").build().unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::NoSuchAdapter { .. }), "{text}");
    assert!(
        text.contains("\"no such card\"") && text.contains(&gpu.info().name),
        "{text}"
    );
    let text = Gpu::builder()
        .adapter("CPU")
        .build()
        .unwrap_err()
        .to_string();
    assert!(text.contains("CPU engine"), "{text}");
}

fn adapters_report_the_choice(gpu: &Gpu) {
    let reports = nonlin::gpu::adapters();
    assert!(reports.iter().any(|report| report.name == gpu.info().name));
    let chosen: Vec<_> = reports.iter().filter(|report| report.chosen).collect();
    assert_eq!(chosen.len(), 1, "{reports:?}");
    assert_eq!(chosen[0].name, Gpu::new().unwrap().info().name);
    assert!(reports.iter().all(|report| !report.reason.is_empty()));
}

fn the_example_of_the_readme_holds(_: &Gpu) -> nonlin::Result<()> {
    let example = include_str!("../examples/tensors.rs");
    let (_, program) = example
        .split_once("\n\n")
        .expect("it begins with a comment");
    let (uses, body) = program.split_once("/// ").expect("main has a comment");
    let body = body.split_once("pub ").expect("main is public").1;
    let program = format!("{uses}{body}");
    assert!(
        include_str!("../README.md").contains(&program),
        "README.md does not hold:\n{program}"
    );
    tensors_example::main()
}

fn tensors_are_shared_between_threads<T: Send + Sync + Clone>() {}

fn futures_move_between_threads(gpu: &Gpu, tensor: &Tensor) {
    fn moves<T: Send>(_: T) {}
    moves(Gpu::new_async());
    moves(gpu.upload_async(&[]));
    moves(gpu.wait_async());
    moves(tensor.download_async());
}

fn main() {
    let _ = futures_move_between_threads;
    tensors_are_shared_between_threads::<Gpu>();
    tensors_are_shared_between_threads::<Tensor>();
    let trials: Vec<Trial> = claims::trials(claims![
        every_length_works,
        tensors_cross_the_chunk_limit,
        dispatches_cross_the_group_limit,
        a_tensor_is_longer_than_one_binding,
        results_take_the_place_of_operands,
        two_threads_share_one_gpu,
        another_devices_tensor_is_refused,
        lengths_that_differ_are_refused,
        parameters_are_checked_and_never_recompile,
        a_zero_beside_an_infinity_gives_zero_and_nan_stays,
        dropped_buffers_are_used_again,
        async_forms_agree,
        too_much_memory_is_an_error,
        a_lost_device_is_an_error,
        times_are_plausible,
        a_program_with_its_own_device_needs_no_features,
        an_unknown_adapter_name_lists_what_there_is,
        adapters_report_the_choice,
        the_example_of_the_readme_holds,
    ]);
    claims::run(trials);
}
