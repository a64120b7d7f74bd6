//! Ranges at any multiple of 4 bytes: what is computed there, and that everything around stays as it was.

use crate::support::foreign::{Foreign, assert_same, numbers};
use nonlin::gpu::Span;
use nonlin::{Activation, Broadcast, Chain, Direction, Gpu, Operand, Operation, Tensor};

const OFFSETS: [u64; 16] = [
    0, 4, 8, 12, 16, 20, 60, 64, 124, 128, 196, 240, 244, 248, 252, 260,
];
const LENGTHS: [usize; 15] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 256, 257, 1000, 4096, 4099];
const SLOPE: f32 = 0.25;

fn leaky() -> Activation {
    Activation::LeakyRelu { slope: SLOPE }
}

fn value(direction: Direction, x: f32, grad: f32) -> f32 {
    let slope = if x > 0.0 { 1.0 } else { SLOPE };
    match direction {
        Direction::Forward => x * slope,
        Direction::Derivative => slope,
        _ => grad * slope,
    }
}

/// Where the operands of one call lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// Each in a buffer of its own.
    Apart,
    /// All in one buffer.
    Together,
    /// The result in the place of x.
    InPlace,
    /// The result in the place of the gradient.
    InPlaceOfGrad,
}

const LAYOUTS: [Layout; 4] = [
    Layout::Apart,
    Layout::Together,
    Layout::InPlace,
    Layout::InPlaceOfGrad,
];

/// Elements in one of the arena's rooms.
#[derive(Clone, Copy)]
struct Place {
    room: usize,
    /// The first element.
    start: usize,
    len: usize,
}

/// Buffers with what they have to hold.
struct Arena {
    buffers: Vec<wgpu::Buffer>,
    images: Vec<Vec<f32>>,
    /// Elements of a room.
    size: usize,
    together: bool,
}

impl Arena {
    fn new(foreign: &Foreign, rooms: usize, size: usize, together: bool) -> Self {
        let count = if together { 1 } else { rooms };
        let images: Vec<Vec<f32>> = (0..count)
            .map(|seed| numbers(size * rooms / count, seed))
            .collect();
        Self {
            buffers: images.iter().map(|image| foreign.buffer(image)).collect(),
            images,
            size,
            together,
        }
    }

    fn find(&self, place: Place) -> (usize, usize) {
        if self.together {
            (0, place.room * self.size + place.start)
        } else {
            (place.room, place.start)
        }
    }

    fn slice(&self, place: Place) -> wgpu::BufferSlice<'_> {
        let (buffer, start) = self.find(place);
        let start = start as u64 * 4;
        self.buffers[buffer].slice(start..start + place.len as u64 * 4)
    }

    fn span(&self, place: Place) -> Span<'_> {
        self.slice(place).into()
    }

    fn get(&self, place: Place) -> Vec<f32> {
        let (buffer, start) = self.find(place);
        self.images[buffer][start..start + place.len].to_vec()
    }

    /// Notes what has to be there from now on.
    fn put(&mut self, place: Place, numbers: &[f32]) {
        let (buffer, start) = self.find(place);
        self.images[buffer][start..start + place.len].copy_from_slice(numbers);
    }

    fn verify(&self, foreign: &Foreign, what: &str) {
        for (buffer, image) in self.buffers.iter().zip(&self.images) {
            assert_same(&foreign.read(buffer), image, what);
        }
    }
}

/// For each of the offsets a call's place, which overlaps no other call's.
fn place(room: usize, call: usize, stride: usize, len: usize, turned: bool) -> Place {
    // Else all operands of a call lie the same way to the alignment.
    let turn = if turned { 2 * room + 1 } else { 1 };
    let offset = OFFSETS[(call * turn + 5 * room * usize::from(turned)) % OFFSETS.len()];
    Place {
        room,
        start: call * stride + offset as usize / 4,
        len,
    }
}

fn stride(len: usize) -> usize {
    (len + 66).next_multiple_of(64)
}

pub fn no_byte_outside_of_the_results_changes(gpu: &Gpu) -> nonlin::Result<()> {
    results_stay_in_their_place(&Foreign::new(gpu))?;
    results_stay_in_their_place(&Foreign::sharing(gpu))
}

fn results_stay_in_their_place(foreign: &Foreign) -> nonlin::Result<()> {
    for direction in [
        Direction::Forward,
        Direction::Derivative,
        Direction::Backward,
    ] {
        let kernel = foreign.gpu.kernel(leaky(), direction)?;
        for layout in LAYOUTS {
            if layout == Layout::InPlaceOfGrad && !direction.takes_grad() {
                continue;
            }
            for (len, turned) in LENGTHS
                .into_iter()
                .flat_map(|len| [(len, false), (len, true)])
            {
                let stride = stride(len);
                let size = stride * OFFSETS.len();
                let mut arena = Arena::new(foreign, 3, size, layout == Layout::Together);
                foreign.pass(|pass| {
                    for call in 0..OFFSETS.len() {
                        let [x, grad, out] =
                            [0, 1, 2].map(|room| place(room, call, stride, len, turned));
                        let out = match layout {
                            Layout::InPlace => x,
                            Layout::InPlaceOfGrad => grad,
                            _ => out,
                        };
                        let (x_span, out_span) = (arena.span(x), arena.span(out));
                        if direction.takes_grad() {
                            let grad = arena.span(grad);
                            kernel
                                .record_backward(pass, x_span, grad, out_span)
                                .unwrap();
                        } else {
                            kernel.record(pass, x_span, out_span).unwrap();
                        }
                        let inputs = arena.get(x).into_iter().zip(arena.get(grad));
                        let want: Vec<f32> =
                            inputs.map(|(x, grad)| value(direction, x, grad)).collect();
                        arena.put(out, &want);
                    }
                });
                arena.verify(foreign, &format!("{direction}, {layout:?}, {len} elements"));
            }
        }
    }
    Ok(())
}

/// Rows and columns, and how an operand is spread over them.
fn shapes() -> Vec<(Broadcast, usize, usize)> {
    let mut shapes = Vec::new();
    for (rows, columns) in [
        (1, 1),
        (1, 5),
        (5, 1),
        (3, 3),
        (7, 5),
        (3, 257),
        (257, 3),
        (64, 4),
        (13, 67),
        (13, 96),
    ] {
        for broadcast in [
            Broadcast::Scalar,
            Broadcast::Row,
            Broadcast::Column,
            Broadcast::Full,
        ] {
            shapes.push((broadcast, rows, columns));
        }
    }
    shapes
}

fn operand_len(broadcast: Broadcast, rows: usize, columns: usize) -> usize {
    match broadcast {
        Broadcast::Scalar => 1,
        Broadcast::Row => columns,
        Broadcast::Column => rows,
        Broadcast::Full => rows * columns,
    }
}

fn operand_place(broadcast: Broadcast, i: usize, columns: usize) -> usize {
    match broadcast {
        Broadcast::Scalar => 0,
        Broadcast::Row => i % columns,
        Broadcast::Column => i / columns,
        Broadcast::Full => i,
    }
}

/// `leaky(x + operand)`, the operand in a buffer of the program's.
fn chain(foreign: &Foreign, arena: &Arena, operand: Place, broadcast: Broadcast) -> Chain<'static> {
    let tensor = Tensor::from_buffer(&foreign.gpu, arena.slice(operand)).unwrap();
    let operand = Operand::Memory(broadcast, tensor.into());
    Chain::new().combine(Operation::Add, operand).then(leaky())
}

pub fn no_byte_outside_changes_with_operands(gpu: &Gpu) -> nonlin::Result<()> {
    results_with_operands_stay_in_their_place(&Foreign::new(gpu))?;
    results_with_operands_stay_in_their_place(&Foreign::sharing(gpu))
}

fn results_with_operands_stay_in_their_place(foreign: &Foreign) -> nonlin::Result<()> {
    for (broadcast, rows, columns) in shapes() {
        let len = rows * columns;
        for direction in [Direction::Forward, Direction::Backward] {
            for layout in [Layout::Apart, Layout::Together, Layout::InPlace] {
                let stride = stride(len);
                let size = stride * OFFSETS.len();
                let mut arena = Arena::new(foreign, 4, size, layout == Layout::Together);
                foreign.pass(|pass| {
                    for call in 0..OFFSETS.len() {
                        let [x, grad, out, mut operand] =
                            [0, 1, 2, 3].map(|room| place(room, call, stride, len, true));
                        operand.len = operand_len(broadcast, rows, columns);
                        let out = if layout == Layout::InPlace { x } else { out };
                        let chain = chain(foreign, &arena, operand, broadcast);
                        let kernel = foreign.gpu.kernel(&chain, direction).unwrap();
                        let (x_span, out_span) = (arena.span(x), arena.span(out));
                        if direction.takes_grad() {
                            let grad = arena.span(grad);
                            kernel
                                .record_backward(pass, x_span, grad, out_span)
                                .unwrap();
                        } else {
                            kernel.record(pass, x_span, out_span).unwrap();
                        }
                        let (xs, grads, operands) =
                            (arena.get(x), arena.get(grad), arena.get(operand));
                        let want: Vec<f32> = (0..len)
                            .map(|i| {
                                let x = xs[i] + operands[operand_place(broadcast, i, columns)];
                                value(direction, x, grads[i])
                            })
                            .collect();
                        arena.put(out, &want);
                    }
                });
                arena.verify(
                    foreign,
                    &format!("{direction}, {layout:?}, {broadcast} over {rows} x {columns}"),
                );
            }
        }
    }
    Ok(())
}

pub fn no_byte_outside_of_the_gradients_changes(gpu: &Gpu) -> nonlin::Result<()> {
    gradients_stay_in_their_place(&Foreign::new(gpu))?;
    gradients_stay_in_their_place(&Foreign::sharing(gpu))
}

fn gradients_stay_in_their_place(foreign: &Foreign) -> nonlin::Result<()> {
    for (broadcast, rows, columns) in shapes() {
        let len = rows * columns;
        for layout in [Layout::Apart, Layout::Together, Layout::InPlaceOfGrad] {
            let stride = stride(len);
            let size = stride * OFFSETS.len();
            let mut arena = Arena::new(foreign, 5, size, layout == Layout::Together);
            foreign.pass(|pass| {
                for call in 0..OFFSETS.len() {
                    let [x, grad, dx, mut operand, mut sums] =
                        [0, 1, 2, 3, 4].map(|room| place(room, call, stride, len, true));
                    operand.len = operand_len(broadcast, rows, columns);
                    sums.len = operand.len;
                    let dx = if layout == Layout::InPlaceOfGrad {
                        grad
                    } else {
                        dx
                    };
                    let chain = chain(foreign, &arena, operand, broadcast);
                    let kernel = foreign.gpu.gradients_kernel(&chain, &[0]).unwrap();
                    let [x_span, grad_span, dx_span, sums_span] =
                        [x, grad, dx, sums].map(|place| arena.span(place));
                    kernel
                        .record(pass, x_span, grad_span, dx_span, &[sums_span])
                        .unwrap();
                    let (want, wanted) = gradients(&arena, [x, grad, operand], broadcast, columns);
                    arena.put(dx, &want);
                    arena.put(sums, &wanted);
                }
            });
            arena.verify(
                foreign,
                &format!("gradients, {layout:?}, {broadcast} over {rows} x {columns}"),
            );
        }
    }
    Ok(())
}

pub fn a_range_longer_than_a_binding_is_split(gpu: &Gpu) -> nonlin::Result<()> {
    let binding = 4096;
    let foreign = Foreign::with_limits(gpu, |limits| {
        limits.max_storage_buffer_binding_size = binding;
        limits.max_uniform_buffer_binding_size = limits.max_uniform_buffer_binding_size.min(4096);
    });
    assert_eq!(foreign.gpu.info().max_chunk_bytes, binding);
    for together in [false, true] {
        for broadcast in [Broadcast::Scalar, Broadcast::Row, Broadcast::Column] {
            split_gradients(&foreign, broadcast, together)?;
        }
    }
    for len in [1024, 1025, 5000, 20_001] {
        for together in [false, true] {
            let mut arena = Arena::new(&foreign, 4, len + 128, together);
            let [x, grad, out, operand] =
                [(0, 3), (1, 64), (2, 17), (3, 0)].map(|(room, start)| Place { room, start, len });
            let broadcast = Broadcast::Full;
            let chain = chain(&foreign, &arena, operand, broadcast);
            let kernel = foreign.gpu.backward_kernel(&chain)?;
            let forward = foreign.gpu.forward_kernel(&chain)?;
            foreign.pass(|pass| {
                let [x, grad, out] = [x, grad, out].map(|place| arena.span(place));
                kernel.record_backward(pass, x, grad, out).unwrap();
                forward.record(pass, x, x).unwrap();
            });
            let (xs, grads, operands) = (arena.get(x), arena.get(grad), arena.get(operand));
            let sums: Vec<f32> = xs.iter().zip(&operands).map(|(a, b)| a + b).collect();
            let each = |direction| -> Vec<f32> {
                let both = sums.iter().zip(&grads);
                both.map(|(&x, &grad)| value(direction, x, grad)).collect()
            };
            arena.put(out, &each(Direction::Backward));
            arena.put(x, &each(Direction::Forward));
            arena.verify(
                &foreign,
                &format!("{len} elements in bindings of 4096 bytes"),
            );
        }
    }
    Ok(())
}

fn split_gradients(foreign: &Foreign, broadcast: Broadcast, together: bool) -> nonlin::Result<()> {
    let (rows, columns) = (901, 7);
    let len = rows * columns;
    let mut arena = Arena::new(foreign, 5, len + 128, together);
    let [x, grad, dx, mut operand, mut sums] =
        [(0, 3), (1, 64), (2, 17), (3, 0), (4, 5)].map(|(room, start)| Place { room, start, len });
    operand.len = operand_len(broadcast, rows, columns);
    sums.len = operand.len;
    let chain = chain(foreign, &arena, operand, broadcast);
    let kernel = foreign.gpu.gradients_kernel(&chain, &[0])?;
    foreign.pass(|pass| {
        let [x, grad, dx, sums] = [x, grad, dx, sums].map(|place| arena.span(place));
        kernel.record(pass, x, grad, dx, &[sums]).unwrap();
    });
    let (want, wanted) = gradients(&arena, [x, grad, operand], broadcast, columns);
    arena.put(dx, &want);
    arena.put(sums, &wanted);
    arena.verify(
        foreign,
        &format!("gradients of {broadcast} in bindings of 4096 bytes"),
    );
    Ok(())
}

/// The gradients of the input and of the operand.
fn gradients(
    arena: &Arena,
    [x, grad, operand]: [Place; 3],
    broadcast: Broadcast,
    columns: usize,
) -> (Vec<f32>, Vec<f32>) {
    let (xs, grads, operands) = (arena.get(x), arena.get(grad), arena.get(operand));
    let (mut input, mut sums) = (Vec::new(), vec![0.0; operand.len]);
    for i in 0..x.len {
        let at = operand_place(broadcast, i, columns);
        let dx = value(Direction::Backward, xs[i] + operands[at], grads[i]);
        input.push(dx);
        sums[at] += dx;
    }
    (input, sums)
}
