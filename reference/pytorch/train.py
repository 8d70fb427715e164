"""Training on a GPU, equal in kind to crates/train: same windows, tasks, loss, AdamW, rates and averaging.

    python reference/pytorch/train.py CONFIG.toml CORPUS.windows.xz --out FOLDER --seconds 540

CONFIG is a configuration as `aeolian train` reads it (`corpora`, `output` and `shards` have no meaning here), CORPUS
what pack.py wrote of an export with the same `validate` and at least the sets of `shares`. The run ends cleanly after `--seconds` with its state in FOLDER (see checkpoint.py) and goes on from
`--checkpoint` (exact, kept on this machine) or else from `--travelled` (what came back from another). Random numbers
are seeded by (seed, step): where a run was cut makes no difference on the exact rung.
"""

import argparse
import json
import math
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

import checkpoint
import grow
import model as network
import tasks
from data import Corpus

START = time.monotonic()
VALIDATION_LEVELS = [-4.0, -2.5, -1.0, 0.0, 1.0, 2.0]
REPORT_EVERY = 50
STORE_SECONDS = 60.0


@dataclass(frozen=True)
class Optimiser:
    """The [optimiser] table of a configuration."""

    batch: int
    shards: int
    examples: int
    learning_rate: float
    warmup_examples: int
    weight_decay: float
    betas: list[float]
    clip: float
    ema: float
    every: int
    precision: str = "full"

    def rate(self, seen: int, warm_from: int) -> float:
        """A linear rise, then a cosine to a twentieth; rises again where the moments began anew at `warm_from`."""
        warm = max(self.warmup_examples, 1)
        rise = min((seen - warm_from + self.batch) / warm, 1.0)
        done = max(seen - warm, 0) / max(self.examples - warm, 1)
        fall = 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
        return self.learning_rate * rise * fall


class Trainer:
    """A network on its way. `corpus` gives the windows; `run.counters` says how far it is."""

    def __init__(self, config_text: str, corpus: Corpus, device: str, compiled: bool = False):
        self.config_text, self.corpus, self.device = config_text, corpus, device
        config = tomllib.loads(config_text)
        self.optimiser = Optimiser(**config["optimiser"])
        self.noise = tasks.Noise(**config["noise"])
        self.seed = config.get("seed", 0)
        torch.manual_seed(self.seed)
        architecture = {**corpus.architecture, "network": config["network"]}
        self.model = network.build(architecture, corpus.prior.cpu()).to(device)
        self.parameters = dict(self.model.named_parameters())
        self.averaged = {name: p.detach().clone() for name, p in self.parameters.items()}
        self.counters = checkpoint.Counters()
        self.forward = torch.compile(self.model) if compiled else self.model
        self.generator = torch.Generator(device)
        decays = [p for p in self.parameters.values() if p.ndim > 1]
        others = [p for p in self.parameters.values() if p.ndim <= 1]
        groups = [
            {"params": decays, "weight_decay": self.optimiser.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        self.adamw = torch.optim.AdamW(groups, lr=0.0, betas=tuple(self.optimiser.betas), eps=1e-8, fused=True)

    def context(self, evidence: Tensor, log_snr: Tensor, positions: Tensor) -> Tensor:
        with torch.autocast(self.device, torch.bfloat16, enabled=self.optimiser.precision == "mixed"):
            return self.forward(evidence, log_snr, positions)

    def step(self) -> tuple[Tensor, Tensor]:
        """One step. Returns the mean cross-entropy in nats a quarter and the gradient's norm, both on the device."""
        o, c = self.optimiser, self.counters
        self.generator.manual_seed(self.seed * 1_000_003 + c.seen)
        choices, positions = self.corpus.draw(o.batch, self.generator)
        layout = self.model.layout
        evidence, log_snr, weights = tasks.draw_examples(layout, choices, self.noise, self.generator)
        context = self.context(evidence, log_snr, positions)
        nats = network.cross_entropy(layout, evidence, context, choices, weights).sum()
        loss = nats / (o.batch * self.corpus.tokens)
        self.adamw.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.parameters.values(), o.clip)
        for group in self.adamw.param_groups:
            group["lr"] = o.rate(c.seen, c.warm_from)
        self.adamw.step()
        c.steps += 1
        c.seen += o.batch
        # A young average forgets its beginning faster.
        age = c.seen // o.batch
        keep = min(o.ema, (1 + age) / (10 + age))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.averaged.values()), list(self.parameters.values()), 1 - keep)
        return loss.detach(), norm.detach()

    @torch.no_grad()
    def validate(self) -> list[float]:
        """Cross-entropy of the average in nats a lane that plays and quarter; key, ensemble and idiom given, all notes
        at one level, the rest unknown.
        """
        choices, positions = self.corpus.valid
        layout, lanes = self.model.layout, tasks.NOTE_LANES
        lane_quarters = tasks.playing_lanes(layout, choices).sum().item() * self.corpus.tokens
        now = {name: p.detach().clone() for name, p in self.parameters.items()}
        self.copy_weights(self.averaged)
        generator = torch.Generator(self.device).manual_seed(77)
        weights = (torch.arange(layout.lanes, device=self.device) < lanes).float()
        weights = weights.expand(*choices.shape[:2], -1)
        result = []
        for level in VALIDATION_LEVELS:
            row = torch.full((layout.lanes,), network.LOG_SNR_NOTHING)
            row[:lanes] = level
            row[[tasks.KEY_LANE, tasks.ENSEMBLE_LANE, tasks.IDIOM_LANE]] = network.LOG_SNR_CERTAIN
            log_snr = row.to(self.device).repeat(*choices.shape[:2], 1)
            evidence = tasks.noise_evidence(layout, choices, log_snr, generator)
            nats = 0.0
            for some in torch.arange(len(choices), device=self.device).split(16):
                context = self.model(evidence[some], log_snr[some], positions[some])
                sums = network.cross_entropy(layout, evidence[some], context, choices[some], weights[some])
                nats += sums.sum().item()
            result.append(nats / lane_quarters)
        self.copy_weights(now)
        return result

    @torch.no_grad()
    def copy_weights(self, weights: dict[str, Tensor]) -> None:
        for name, parameter in self.parameters.items():
            parameter.copy_(weights[name])

    def run(self) -> checkpoint.Run:
        """Everything that changes, as it is now."""
        states = {name: self.adamw.state.get(p, {}) for name, p in self.parameters.items()}
        moment = lambda kind: {n: s.get(kind, torch.zeros_like(self.parameters[n])) for n, s in states.items()}
        weights = {name: p.detach() for name, p in self.parameters.items()}
        return checkpoint.Run(weights, self.averaged, moment("exp_avg"), moment("exp_avg_sq"), self.counters)

    def go_on(self, run: checkpoint.Run) -> None:
        """Takes up a stored run."""
        self.copy_weights(run.weights)
        self.averaged = {name: run.averaged[name].to(self.device) for name in self.parameters}
        self.counters = run.counters
        for name, parameter in self.parameters.items():
            self.adamw.state[parameter] = {
                "step": torch.tensor(float(run.counters.steps), device=self.device),
                "exp_avg": run.first[name].to(self.device),
                "exp_avg_sq": run.second[name].to(self.device),
            }

    def warm_start(self, path: Path) -> int:
        """Begins from another network's weights, as far as they fit (grow.py). Returns how many were taken over."""
        adopted = grow.adopt_file(self.model, path)
        self.averaged = {name: p.detach().clone() for name, p in self.parameters.items()}
        return adopted

    def metadata(self) -> dict[str, str]:
        """What the weight file says of its origin, under the names Rust's trainer uses."""
        return {
            "architecture": json.dumps(self.model.architecture),
            "config": self.config_text,
            "frame": "tonic",
            "corpus_digests": self.corpus.metadata["corpus_digests"],
            "examples_seen": str(self.counters.seen),
            "training_seconds": f"{self.counters.seconds:.0f}",
            "log": json.dumps(self.counters.log),
        }


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="where the state that can travel goes")
    parser.add_argument("--checkpoint", type=Path, help="folder of the exact state on this machine")
    parser.add_argument("--travelled", type=Path, help="an earlier --out, taken up where there is no exact state")
    parser.add_argument("--weights", type=Path, help="a weight file to begin from as far as it fits, without any state")
    parser.add_argument("--seconds", type=float, default=540.0, help="end after this long, the start included")
    parser.add_argument("--travel-mib", type=float, default=48.0, help="most that may go to --out")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--compile", action="store_true", help="let torch.compile fuse the network first")
    return parser.parse_args()


def begin(trainer: Trainer, args: argparse.Namespace) -> None:
    """From the exact state, the travelled one, given weights, or nothing, in this order."""
    for folder in (args.checkpoint, args.travelled):
        if folder is not None and any(folder.glob("*.safetensors")):
            run, metadata = checkpoint.load(folder)
            for name, mine in trainer.metadata().items():
                if name in ("architecture", "corpus_digests") and metadata[name] != mine:
                    raise SystemExit(f"{folder} belongs to another experiment: {name} differs")
            trainer.go_on(run)
            print(f"going on from {folder} ({metadata['rung']}) after {run.counters.seen} examples", flush=True)
            return
    if args.weights is not None:
        adopted = trainer.warm_start(args.weights)
        if adopted == 0:
            raise SystemExit(f"nothing in {args.weights} fits this network")
        print(f"beginning with {adopted / 1e6:.2f} million weights of {args.weights}", flush=True)


def main() -> None:
    args = arguments()
    torch.set_float32_matmul_precision("high")
    config_text = args.config.read_text()
    config = tomllib.loads(config_text)
    window, shares = config["window"], config.get("shares", {})
    if window["frame"] != "tonic":
        raise SystemExit("only the tonic frame: this program does not transpose windows")
    corpus = Corpus(args.corpus, window["quarters"], window["at_sections"], shares, args.device)
    if corpus.metadata["validate"] != config.get("validate", ""):
        raise SystemExit(f"{args.corpus} has validation windows of another set: {corpus.metadata['validate']!r}")
    trainer = Trainer(config_text, corpus, args.device, args.compile)
    begin(trainer, args)
    o, c = trainer.optimiser, trainer.counters
    count = sum(p.numel() for p in trainer.parameters.values())
    ready = time.monotonic() - START
    print(f"{count / 1e6:.2f} million weights, {corpus.source_bars.sum()} windows, ready after {ready:.1f} s", flush=True)

    begun, first, before = time.monotonic(), c.seen, c.seconds
    reported, stored = (begun, first), begun
    rows: list[tuple[Tensor, Tensor]] = []
    while c.seen < o.examples:
        rows.append(trainer.step())
        steps = (c.seen - first) // o.batch
        due = c.seen // o.every != (c.seen - o.batch) // o.every
        if steps % REPORT_EVERY and not due and c.seen < o.examples and steps > 1:
            continue
        loss = rows[-1][0].item()  # waits for the device, so that the clock is honest
        if not math.isfinite(loss + rows[-1][1].item()):
            raise SystemExit(f"training went astray after {c.seen} examples: lower the learning rate")
        now = time.monotonic()
        speed = (c.seen - reported[1]) / (now - reported[0])  # since the last report: the first one includes compiling
        reported = now, c.seen
        print(f"{c.seen} of {o.examples} examples, {loss:.2f} nats, {speed:.0f}/s", flush=True)
        late = time.monotonic() - START > args.seconds
        if due or late or c.seen >= o.examples:
            c.seconds = before + time.monotonic() - begun
            losses, norms = (torch.stack(column).mean().item() for column in zip(*rows))
            row = {"seen": c.seen, "seconds": c.seconds, "train": losses, "learning_rate": o.rate(c.seen, c.warm_from)}
            row |= {"gradient_norm": norms, "valid": trainer.validate()}
            c.log.append(row)
            rows = []
            print(json.dumps(row), flush=True)
            reported = time.monotonic(), c.seen
        if late or c.seen >= o.examples or due and now - stored > STORE_SECONDS:
            run, metadata = trainer.run(), trainer.metadata()
            if args.checkpoint is not None:
                checkpoint.save(args.checkpoint, run, corpus.prior, metadata)
            rung = checkpoint.save(args.out, run, corpus.prior, metadata, int(args.travel_mib * 2**20))
            print(f"stored ({rung})", flush=True)
            reported, stored = (time.monotonic(), c.seen), time.monotonic()
        if late:
            break
    if args.device == "cuda":
        print(f"most memory: {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")


if __name__ == "__main__":
    main()
