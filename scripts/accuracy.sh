#!/usr/bin/env bash
# Writes docs/accuracy.md: the largest error of every function over all 2^32 inputs. The functions of the course chapter on every adapter of the
# machine, the others on the CPU and on the adapter given, lavapipe (llvmpipe through Vulkan) by default. About an hour on two cores. It may be
# stopped and started again: what is done is kept in target/accuracy.
# `scripts/accuracy.sh cpu` writes docs/accuracy_cpu.md instead, of the CPU engine alone with every instruction set, in a quarter of an hour.
set -euo pipefail
cd "$(dirname "$0")/.."

adapter=${1:-llvmpipe}
kept=target/accuracy
mkdir -p "$kept"
cargo build --release -p nonlin-cli
if [ "$adapter" = cpu ]; then
    target/release/nonlin check --exhaustive --engine cpu --isa all --direction forward,derivative --ops all --markdown >"$kept/cpu.md"
    mv "$kept/cpu.md" docs/accuracy_cpu.md
    exit
fi
nonlin() {
    target/release/nonlin check --exhaustive --engine cpu,gpu --direction forward,derivative --markdown "$@"
}

chapter=step,piecewise_linear,relu,leaky_relu,elu,selu,sigmoid,tanh,gelu,gelu_quick,swish,silu
others=linear,relu6,squared_relu,thresholded_relu,'threshold(0, 0)',hard_tanh,hard_sigmoid,hard_swish,hard_shrink,soft_shrink,celu,log_sigmoid
others+=,tanh_shrink,scaled_tanh,softsign,softplus,squareplus,mish,xielu,lisht,telu,gelu_tanh
others+=,erf,abs,sign,neg,square,sqrt,rsqrt,reciprocal,exp,expm1,log,log1p

nonlin --adapter all --ops "$chapter" --state "$kept/chapter.json" --json "$kept/chapter.jsonl" >"$kept/chapter.md"
nonlin --adapter "$adapter" --ops "$others" --state "$kept/others.json" --json "$kept/others.jsonl" >"$kept/others.md"
{
    cat "$kept/chapter.md"
    echo
    sed 's/^# Accuracy$/# Accuracy of the functions beside the chapter/' "$kept/others.md"
} >docs/accuracy.md
