//! Random chains with random operands and inputs, the same on every run.

use crate::support::parameters;
use crate::support::sample::Random;
use nonlin::{Activation, Broadcast, Chain, Operand, Operation, Step};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::sync::LazyLock;

/// The catalogue: first with the standard parameters, then with others.
static FUNCTIONS: LazyLock<(usize, Vec<Activation>)> = LazyLock::new(|| {
    let mut all = Activation::all();
    let standard = all.len();
    let others: Vec<Activation> = all.iter().flat_map(parameters::sets).collect();
    all.extend(others);
    (standard, all)
});

const OPERATIONS: [Operation; 6] = Operation::ALL;
const BROADCASTS: [Broadcast; 4] = [
    Broadcast::Scalar,
    Broadcast::Row,
    Broadcast::Column,
    Broadcast::Full,
];
const COLUMNS: [usize; 13] = [1, 2, 3, 5, 8, 16, 31, 64, 70, 96, 256, 512, 1028];

#[derive(Clone, Debug)]
enum Link {
    Function(usize),
    Number(Operation, f32),
    Memory(Operation, Broadcast),
    Residual,
}

/// A chain, the shape of its input, and where the numbers come from.
#[derive(Clone)]
pub struct Case {
    links: Vec<Link>,
    rows: usize,
    pub columns: usize,
    seed: u64,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let operands = self.operands();
        write!(
            f,
            "{}, over {} rows of {} columns, seed {}",
            self.chain(&operands),
            self.rows,
            self.columns,
            self.seed
        )
    }
}

impl Case {
    pub fn len(&self) -> usize {
        self.rows * self.columns
    }

    /// Inputs and gradients.
    pub fn inputs(&self) -> (Vec<f32>, Vec<f32>) {
        let mut random = Random::new(self.seed);
        let x = (0..self.len()).map(|_| input(&mut random)).collect();
        let grad = (0..self.len()).map(|_| input(&mut random)).collect();
        (x, grad)
    }

    /// The operands in memory.
    pub fn operands(&self) -> Vec<Vec<f32>> {
        let mut random = Random::new(self.seed ^ 0x6f70_6572_616e_6473);
        self.memory()
            .map(|(_, broadcast)| {
                let len = match broadcast {
                    Broadcast::Scalar => 1,
                    Broadcast::Row => self.columns,
                    Broadcast::Column => self.rows,
                    Broadcast::Full => self.len(),
                };
                (0..len).map(|_| operand(&mut random)).collect()
            })
            .collect()
    }

    fn memory(&self) -> impl Iterator<Item = (Operation, Broadcast)> + '_ {
        self.links.iter().filter_map(|link| match link {
            Link::Memory(operation, broadcast) => Some((*operation, *broadcast)),
            _ => None,
        })
    }

    pub fn chain<'o>(&self, operands: &'o [Vec<f32>]) -> Chain<'o> {
        let mut operands = operands.iter();
        self.links
            .iter()
            .fold(Chain::new(), |chain, link| match link {
                Link::Function(index) => chain.then(&FUNCTIONS.1[*index]),
                Link::Number(operation, number) => {
                    chain.combine(*operation, Operand::Number(*number))
                }
                Link::Residual => chain.residual(),
                Link::Memory(operation, broadcast) => {
                    let values: &[f32] = operands.next().map_or(&[], Vec::as_slice);
                    chain.combine(*operation, Operand::Memory(*broadcast, values.into()))
                }
            })
    }

    /// A number below `below` that depends on the case alone.
    pub fn pick(&self, below: usize) -> usize {
        (Random::new(!self.seed).bits() % below as u64) as usize
    }
}

/// Of the size that layers hold; one in six from a few numbers, so that operands tie with inputs; some far away.
fn input(random: &mut Random) -> f32 {
    match random.bits() % 24 {
        0..4 => random.pick(&[0.0, -0.0, 1.0, -1.0, 0.5, 2.0]),
        4..8 => random.uniform(-8.0, 8.0) as f32,
        8..10 => {
            (10f64.powf(random.uniform(-6.0, 4.0)) * random.uniform(-1.0, 1.0).signum()) as f32
        }
        10 => random.subnormal(),
        11 => random.log_uniform(),
        _ => random.normal(),
    }
}

fn operand(random: &mut Random) -> f32 {
    match random.bits() % 16 {
        0..3 => random.pick(&[0.0, 1.0, -1.0, 0.5, 2.0]),
        3 => random.subnormal(),
        4..8 => random.uniform(-3.0, 3.0) as f32,
        _ => random.normal(),
    }
}

fn link() -> impl Strategy<Value = Link> {
    let (standard, all) = (FUNCTIONS.0, FUNCTIONS.1.len());
    let numbers = prop::sample::select(vec![
        -2.0, -1.0, -0.5, 1e-3, 0.1, 0.3, 0.5, 1.0, 1.7, 2.0, 3.1,
    ]);
    let operation = || prop::sample::select(&OPERATIONS[..]);
    prop_oneof![
        5 => (0..standard).prop_map(Link::Function),
        2 => (standard..all).prop_map(Link::Function),
        3 => (operation(), numbers).prop_map(|(operation, number)| Link::Number(operation, number)),
        5 => (operation(), prop::sample::select(&BROADCASTS[..])).prop_map(|(operation, broadcast)| Link::Memory(operation, broadcast)),
        1 => Just(Link::Residual),
    ]
}

/// Chains of 1 to 8 steps.
pub fn cases() -> impl Strategy<Value = Case> {
    let links = prop::collection::vec(link(), 1..=8);
    let shape = (prop::sample::select(&COLUMNS[..]), 1_usize..40);
    (links, shape, any::<u64>()).prop_map(|(mut links, (columns, rows), seed)| {
        let mut memory = 0;
        for link in &mut links {
            if let Link::Memory(operation, _) = link {
                memory += 1;
                if memory > Chain::MAX_OPERANDS {
                    *link = Link::Number(*operation, 0.3);
                }
            }
        }
        Case {
            links,
            rows,
            columns,
            seed,
        }
    })
}

/// Runs the same cases every time, and keeps no file of those that failed.
pub fn runner(cases: u32) -> TestRunner {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// The chain with another step behind the step `after`.
pub fn with_step<'o>(chain: &Chain<'o>, after: usize, step: impl Into<Chain<'o>>) -> Chain<'o> {
    let mut step = Some(step.into());
    let mut longer = Chain::new();
    for (i, old) in chain.steps().iter().enumerate() {
        longer = match old {
            Step::Activation(f) => longer.then(f),
            Step::Combine(operation, operand) => longer.combine(*operation, operand.clone()),
            Step::Residual => longer.residual(),
            _ => longer,
        };
        if i == after {
            longer = longer.then(step.take().unwrap_or_default());
        }
    }
    longer
}
