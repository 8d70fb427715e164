"""Compares this network with the Rust one on a case that Rust wrote.

    cargo run --release -p aeolian-train --example reference_case -- out/case.safetensors
    python reference/pytorch/check.py out/case.safetensors [--device cuda]

Ends with an error unless the context agrees within 1e-3, the loss within 1e-4 of itself and every gradient within 1e-2
of its length. Then writes the weights next to the case, reads them back and asks for the same bits.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

import model as network


def main(path: Path, device: str) -> None:
    model, _ = network.load(path)
    model.to(device)
    tensors = load_file(str(path), device)
    case = {name[5:]: tensor for name, tensor in tensors.items() if name.startswith("case.")}
    context = model(case["evidence"], case["log_snr"], case["positions"])
    quarters = case["log_snr"].shape[0] * case["log_snr"].shape[1]
    sums = network.cross_entropy(model.layout, case["evidence"], context, case["choices"], case["weights"])
    loss = sums.sum() / quarters
    loss.backward()

    largest = case["context"].abs().max().item()
    context_error = (context.detach() - case["context"]).abs().max().item()
    loss_error = abs(loss.item() / case["loss"].item() - 1)
    errors = {}
    for name, parameter in model.named_parameters():
        there = tensors[f"gradient.{name}"]
        errors[name] = ((parameter.grad - there).norm() / there.norm().clamp(min=1e-12)).item()
    worst = max(errors, key=errors.get)
    print(f"context: largest difference {context_error:.2e} (largest value {largest:.1f})")
    print(f"loss: {loss.item():.6f} here, {case['loss'].item():.6f} in Rust, relative difference {loss_error:.2e}")
    print(f"gradients of {len(errors)} tensors: largest relative difference {errors[worst]:.2e} ({worst})")

    copy = path.with_name("copy.safetensors")
    network.save(copy, model, {}, half=False)
    again = load_file(str(copy))
    assert all(torch.equal(again[name], tensors[name].cpu()) for name in again), "a file changed the weights"
    copy.unlink()
    assert context_error < 1e-3 and loss_error < 1e-4 and errors[worst] < 1e-2, "the two networks differ"
    print("equal")


if __name__ == "__main__":
    device = sys.argv[3] if sys.argv[2:3] == ["--device"] else "cpu"
    main(Path(sys.argv[1]), device)
