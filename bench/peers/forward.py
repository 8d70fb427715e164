"""One evaluation of the shipped network: Aeolian, PyTorch eager and compiled, ONNX Runtime, same weights, same run.

    python bench/peers/forward.py [--tokens 32 128 256] [--rounds 15] [--threads 2] [--no-compile]

The contestants take turns; the table gives medians, bests and ratios, and how far each answer is from PyTorch's. Run it on
a machine that does nothing else.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import torch

import peers

sys.path.insert(0, str(peers.ROOT / "reference" / "pytorch"))
import model as network  # noqa: E402


def onnx_session(model: torch.nn.Module, case: tuple[torch.Tensor, ...], path: Path, threads: int):
    names = ["evidence", "log_snr", "positions"]
    torch.onnx.export(model, case, path, input_names=names, output_names=["context"], dynamo=True, verbose=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def compare(tokens: int, rounds: int, threads: int, compiled: bool, folder: Path, ours: peers.Ours) -> None:
    model, _ = network.load(peers.WEIGHTS)
    model.eval()
    arrays = peers.write_case(folder, tokens, model.layout.lanes, model.layout.bits)
    case = tuple(torch.from_numpy(array) for array in arrays)
    session = onnx_session(model, case, folder / f"network-{tokens}.onnx", threads)
    feed = {i.name: array for i, array in zip(session.get_inputs(), arrays)}
    with torch.inference_mode():
        expected = model(*case).numpy()
    answers = {"ONNX Runtime": session.run(None, feed)[0]}

    def in_torch(run):
        def work():
            with torch.inference_mode():
                run(*case)

        return lambda: peers.timed(work)

    contestants = {
        "Aeolian": lambda: ours.ask(f"forward {tokens} {threads}"),
        "PyTorch eager": in_torch(model),
        "ONNX Runtime": lambda: peers.timed(lambda: session.run(None, feed)),
    }
    if compiled:
        fast = torch.compile(model)
        with torch.inference_mode():
            answers["PyTorch compiled"] = fast(*case).numpy()
        contestants["PyTorch compiled"] = in_torch(fast)
    seconds = peers.alternate(rounds, contestants)
    answers["Aeolian"] = np.fromfile(folder / f"context-{tokens}", np.float32).reshape(expected.shape)
    print(f"\n{tokens} tokens, {threads} threads\n\n{peers.HEADER}")
    for name, taken in seconds.items():
        note = "" if name not in answers else f"differs by at most {np.abs(answers[name] - expected).max():.1e}"
        print(peers.row(name, taken, seconds["Aeolian"], note), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, nargs="+", default=[32, 128, 256])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-compile", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = peers.Ours(folder)
        print(f"{ours.about}; PyTorch {torch.__version__}, ONNX Runtime {onnxruntime.__version__}, {os.cpu_count()} cores")
        for tokens in args.tokens:
            compare(tokens, args.rounds, args.threads, not args.no_compile, folder, ours)
        ours.close()


if __name__ == "__main__":
    main()
