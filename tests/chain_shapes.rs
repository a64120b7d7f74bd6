//! Claims about chains on the GPU that do not depend on rounding: every way in which rows can lie in memory, pieces and dispatches, with
//! numbers whose sums and products are exact.

#[macro_use]
mod support;

use nonlin::cpu::Cpu;
use nonlin::gpu::{GpuBuilder, MemoryOrder};
use nonlin::{Broadcast, Chain, Engine, Error, Gpu, Operand, Operation, Tensor, Values};
use support::adapters::again;
use support::claims::{self, IntoCompletion};
use support::foreign::Foreign;

/// Shapes of rows: odd ones, whole vectors, long rows with a number of rows that is no multiple of a block, one row, one column.
const SHAPES: [(usize, usize); 22] = [
    (16, 256),
    (24, 768),
    (9, 32),
    (13, 96),
    (70, 32),
    (43, 96),
    (1, 1),
    (7, 1),
    (1, 7),
    (5, 3),
    (40, 4),
    (3, 16),
    (7, 48),
    (9, 511),
    (3, 512),
    (8, 512),
    (11, 516),
    (5, 2052),
    (130, 1024),
    (1, 4100),
    (520, 33),
    (300, 40),
];

/// Small integers of both signs.
fn integers(len: usize, seed: usize) -> Vec<f32> {
    (0..len)
        .map(|i| (((i + seed) * 7919) % 13) as f32 - 6.0)
        .collect()
}

/// Operands of every kind, or without one for each row, where kernels may compute several rows at once.
fn chain<'a>(values: [Values<'a>; 4], second: Broadcast) -> Chain<'a> {
    let [row, spread, full, scalar] = values;
    let second = Operand::Memory(second, spread);
    Chain::new()
        .scale(2.0)
        .add_row(row)
        .combine(Operation::Mul, second)
        .sub(Operand::full(full))
        .add(Operand::scalar(scalar))
        .residual()
}

fn same(got: &[f32], want: &[f32], what: &str) {
    assert_eq!(got.len(), want.len(), "{what}: length");
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!(got == want, "{what}: element {i} is {got:?}, want {want:?}");
    }
}

/// Everything that a chain of all broadcasts gives, against the CPU engine.
fn check(gpu: &Gpu, rows: usize, columns: usize) -> nonlin::Result<()> {
    check_with(gpu, rows, columns, Broadcast::Column)?;
    check_with(gpu, rows, columns, Broadcast::Row)
}

fn check_with(gpu: &Gpu, rows: usize, columns: usize, second: Broadcast) -> nonlin::Result<()> {
    let len = rows * columns;
    let (x, grad) = (integers(len, 1), integers(len, 5));
    let spread = if second == Broadcast::Row {
        columns
    } else {
        rows
    };
    let slices = [columns, spread, len, 1].map(|len| integers(len, 3));
    let host = chain([0, 1, 2, 3].map(|k| Values::from(&slices[k])), second);
    let tensors = [0, 1, 2, 3].map(|k| gpu.upload(&slices[k]));
    let mut device = Vec::new();
    for tensor in tensors {
        device.push(tensor?);
    }
    let on_device = chain([0, 1, 2, 3].map(|k| Values::from(&device[k])), second);
    let what = |name: &str| format!("{name}, {rows} × {columns}, a {second} among them");
    let cpu = Cpu::new();
    let (tx, tg) = (gpu.upload(&x)?, gpu.upload(&grad)?);

    let want = cpu.forward(&host, &x)?;
    same(
        &gpu.forward(&on_device, &tx)?.download()?,
        &want,
        &what("forward"),
    );
    same(
        &Engine::forward(gpu, &host, &x)?,
        &want,
        &what("forward of slices"),
    );
    let want = cpu.derivative(&host, &x)?;
    same(
        &gpu.derivative(&on_device, &tx)?.download()?,
        &want,
        &what("derivative"),
    );
    let (y, derivative) = gpu.forward_and_derivative(&on_device, &tx)?;
    let values = cpu.forward(&host, &x)?;
    same(&y.download()?, &values, &what("forward of both"));
    same(&derivative.download()?, &want, &what("derivative of both"));
    let (y, dx) = gpu.forward_and_backward(&on_device, &tx, &tg)?;
    same(&y.download()?, &values, &what("forward with backward"));
    let want = cpu.gradients(&host, &x, &grad, &[0, 1, 2, 3])?;
    same(&dx.download()?, &want.input, &what("backward with forward"));
    let got = gpu.gradients(&on_device, &tx, &tg, &[3, 1, 0, 2])?;
    same(
        &got.input.download()?,
        &want.input,
        &what("gradient of the input"),
    );
    for (k, tensor) in [3, 1, 0, 2].into_iter().zip(&got.operands) {
        let name = format!("gradient of operand {k}");
        same(&tensor.download()?, &want.operands[k], &what(&name));
    }
    let slices = Engine::gradients(gpu, &host, &x, &grad, &[0, 2])?;
    same(
        &slices.operands[0],
        &want.operands[0],
        &what("gradient of the row, slices"),
    );
    // In place of the gradient.
    gpu.gradients_into(&on_device, &tx, &tg, &tg, &[])?;
    same(&tg.download()?, &want.input, &what("gradient in place"));
    Ok(())
}

fn rows_of_every_shape_work(gpu: &Gpu) -> nonlin::Result<()> {
    for gpu in in_every_order(gpu, |builder| builder)? {
        for (rows, columns) in SHAPES {
            check(&gpu, rows, columns)?;
        }
    }
    Ok(())
}

/// So many elements that kernels which compute several rows at once leave some rows over.
fn long_rows_are_left_over(gpu: &Gpu) -> nonlin::Result<()> {
    check_with(gpu, 4099, 1024, Broadcast::Row)
}

/// The gradient of a gate goes where the gate lies, which the gradient of the input needs too.
fn gradients_take_the_places_of_operands(gpu: &Gpu) -> nonlin::Result<()> {
    fn gated<'a>(row: impl Into<Values<'a>>, gate: impl Into<Values<'a>>) -> Chain<'a> {
        let gate: Values<'a> = gate.into();
        Chain::new()
            .scale(2.0)
            .add_row(row)
            .mul(Operand::full(gate))
    }
    for gpu in in_every_order(gpu, |builder| builder)? {
        for (rows, columns) in SHAPES {
            let len = rows * columns;
            let (x, grad, gate) = (integers(len, 1), integers(len, 5), integers(len, 9));
            let row = integers(columns, 3);
            let want = Cpu::new().gradients(&gated(&row, &gate), &x, &grad, &[0, 1])?;
            let (tx, dx) = (gpu.upload(&x)?, gpu.upload(&grad)?);
            let (drow, dgate) = (gpu.upload(&row)?, gpu.upload(&gate)?);
            let chain = gated(&drow, &dgate);
            gpu.gradients_into(&chain, &tx, &dx, &dx, &[(0, &drow), (1, &dgate)])?;
            let what = |name: &str| format!("{name}, {rows} × {columns}");
            same(&dx.download()?, &want.input, &what("input"));
            same(&drow.download()?, &want.operands[0], &what("row"));
            same(&dgate.download()?, &want.operands[1], &what("gate"));
        }
    }
    Ok(())
}

/// The adapter again with these limits: in the order of memory for hardware, in that for software, and in the latter with subgroups that
/// load together wherever it can be.
fn in_every_order(
    gpu: &Gpu,
    limits: impl Fn(GpuBuilder) -> GpuBuilder,
) -> nonlin::Result<Vec<Gpu>> {
    let orders = [
        (MemoryOrder::Neighbours, usize::MAX),
        (MemoryOrder::Runs, usize::MAX),
        (MemoryOrder::Runs, 1),
    ];
    orders
        .map(|(order, share_from)| {
            let builder = limits(again(gpu)).memory_order(order);
            builder.share_loads_from(share_from).build()
        })
        .into_iter()
        .collect()
}

fn rows_cross_the_chunk_limit(gpu: &Gpu) -> nonlin::Result<()> {
    // Pieces that begin within rows, and pieces of whole rows.
    for bytes in [16 * 1024, 10_016, 2 * 2064 * 4] {
        for gpu in in_every_order(gpu, |builder| builder.max_chunk_bytes(bytes))? {
            for (rows, columns) in [(9, 511), (11, 516), (40, 512), (5, 2052), (2000, 4), (6, 1)] {
                check(&gpu, rows, columns)?;
            }
        }
    }
    Ok(())
}

fn rows_cross_the_group_limit(gpu: &Gpu) -> nonlin::Result<()> {
    for gpu in in_every_order(gpu, |builder| builder.max_groups(2))? {
        for (rows, columns) in [(9, 511), (30, 512), (5, 2052), (2000, 4)] {
            check(&gpu, rows, columns)?;
        }
    }
    Ok(())
}

fn sums_have_the_same_bits_in_every_run(gpu: &Gpu) -> nonlin::Result<()> {
    let (rows, columns) = (700, 516);
    let noise = |len: usize| -> Vec<f32> {
        (0..len)
            .map(|i| ((i * 7919) % 10_007) as f32 * 1e-3 - 4.9)
            .collect()
    };
    let (x, bias) = (
        gpu.upload(&noise(rows * columns))?,
        gpu.upload(&noise(columns))?,
    );
    let chain = Chain::new().add_row(&bias).then(nonlin::Activation::gelu());
    let sums = || gpu.gradients(&chain, &x, &x, &[0])?.operands[0].download();
    let first = sums()?;
    for _ in 0..3 {
        assert_eq!(sums()?, first);
    }
    Ok(())
}

fn what_does_not_fit_is_refused(gpu: &Gpu) -> nonlin::Result<()> {
    let tensor = |len: usize| gpu.upload(&integers(len, 1));
    let x = tensor(12)?;
    let said = |chain: Chain<'_>| gpu.forward(chain, &x).unwrap_err().to_string();
    let five = tensor(5)?;
    assert_eq!(
        said(Chain::new().add_row(&five)),
        "operand 0 (row) holds 5 elements, wanted is a divisor of the input's 12"
    );
    assert_eq!(
        said(Chain::new().then(nonlin::Activation::relu()).mul(&five)),
        "operand 0 (full) holds 5 elements, wanted is 12, as many as the input"
    );
    let (four, three) = (tensor(4)?, tensor(3)?);
    assert_eq!(
        said(Chain::new().add_row(&four).mul_row(&three)),
        "operand 1 (row) holds 3 elements, wanted is one that makes 4 columns, as operand 0 does, and not 3"
    );
    let host = [1.0; 12];
    assert_eq!(
        said(Chain::new().add(&host)),
        "operand 0 lies in host memory, and an operation over tensors takes tensors"
    );
    let device = Chain::new().add(&x);
    let error = Cpu::new().forward(&device, &host).unwrap_err().to_string();
    assert!(
        error.starts_with("operand 0 lies in a device's memory"),
        "{error}"
    );
    let seven = (0..7).fold(Chain::new(), |chain, _| chain.add(&x));
    assert_eq!(
        said(seven),
        "the chain cannot be computed: it has 7 operands in memory, at most 6 are possible"
    );
    let long = (0..17).fold(Chain::new(), |chain, _| chain.scale(2.0));
    assert!(said(long).contains("it has 17 steps, at most 16 are possible"));
    let none = gpu
        .gradients(Chain::new().add(&x), &x, &x, &[1])
        .unwrap_err();
    assert!(matches!(none, Error::InvalidChain { .. }), "{none}");
    let twice = gpu
        .gradients(Chain::new().add(&x), &x, &x, &[0, 0])
        .unwrap_err();
    assert!(twice.to_string().contains("asked for twice"), "{twice}");
    let from_output = nonlin::Direction::DerivativeFromOutput;
    let error = gpu.compute_tensor(Chain::new().scale(2.0), from_output, &x, None, &x);
    assert!(matches!(error, Err(Error::NoDerivativeFromOutput { .. })));
    Ok(())
}

/// Sixteen steps and six operands at once.
fn the_limits_themselves_work(gpu: &Gpu) -> nonlin::Result<()> {
    let x = gpu.upload(&integers(64, 2))?;
    let operands: Vec<Tensor> = (0..6)
        .map(|k| gpu.upload(&integers(64, k)))
        .collect::<nonlin::Result<_>>()?;
    let mut chain = Chain::new();
    for operand in &operands {
        chain = chain.combine(
            Operation::Add,
            Operand::Memory(Broadcast::Full, operand.into()),
        );
    }
    for _ in 0..10 {
        chain = chain.scale(-1.0);
    }
    let y = gpu.forward(&chain, &x)?.download()?;
    let sum = |i: usize| (0..6).map(|k| integers(64, k)[i]).sum::<f32>() + integers(64, 2)[i];
    same(&y, &(0..64).map(sum).collect::<Vec<_>>(), "sixteen steps");
    let gradients = gpu.gradients(&chain, &x, &x, &[0, 1, 2, 3, 4, 5])?;
    for tensor in gradients.operands.iter().chain([&gradients.input]) {
        same(&tensor.download()?, &integers(64, 2), "a gradient");
    }
    Ok(())
}

/// A kernel for both has a buffer more than one for the value: where a device has none left, there are two kernels.
fn both_work_where_buffers_are_short(gpu: &Gpu) -> nonlin::Result<()> {
    let few = Foreign::with_limits(gpu, |limits| {
        limits.max_storage_buffers_per_shader_stage = 4
    });
    let gpu = &few.gpu;
    let (x, grad) = (gpu.upload(&integers(40, 2))?, gpu.upload(&integers(40, 4))?);
    let factor = gpu.upload(&integers(40, 3))?;
    let chain = Chain::new().mul(&factor);
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).collect::<Vec<_>>();
    let values = product(&integers(40, 2), &integers(40, 3));
    let gradient = product(&integers(40, 4), &integers(40, 3));
    let (y, dx) = gpu.forward_and_backward(&chain, &x, &grad)?;
    same(&y.download()?, &values, "value");
    same(&dx.download()?, &gradient, "gradient");
    // What is read last may be written over.
    gpu.forward_and_backward_into(&chain, &x, &grad, &x, &dx)?;
    same(&x.download()?, &values, "value in the place of x");
    same(&dx.download()?, &gradient, "gradient beside it");
    let refused = gpu.forward_and_backward_into(&chain, &x, &grad, &x, &grad);
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("needs 5 buffers"), "{said}");
    Ok(())
}

fn main() {
    claims::run(claims::trials(claims![
        gradients_take_the_places_of_operands,
        rows_of_every_shape_work,
        long_rows_are_left_over,
        rows_cross_the_chunk_limit,
        rows_cross_the_group_limit,
        sums_have_the_same_bits_in_every_run,
        what_does_not_fit_is_refused,
        both_work_where_buffers_are_short,
        the_limits_themselves_work,
    ]));
}
