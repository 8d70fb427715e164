"""What must hold without Rust and without a corpus.    cd reference/pytorch && python -m unittest"""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

import checkpoint
import model as network
import pack
import tasks
from speed import BLOCKS, GEOMETRY, NOISE

LAYOUT = network.Layout(BLOCKS)


def run_of(model: network.Transformer, counters: checkpoint.Counters) -> checkpoint.Run:
    """A run whose four kinds of tensors differ and are nowhere negative."""
    kinds = ({name: torch.rand_like(p) for name, p in model.named_parameters()} for _ in range(4))
    return checkpoint.Run(*kinds, counters)


def tiny() -> network.Transformer:
    sizes = dict(width=16, blocks=1, heads=2, expansion=2, kernel_steps=3, kernel_pitches=3, head_channels=16)
    architecture = {"network": {"transformer": sizes}, "blocks": BLOCKS, "geometry": GEOMETRY}
    return network.Transformer(architecture, torch.linspace(-5, -1, LAYOUT.bits))


class Packing(unittest.TestCase):
    def test_choices_packed_and_back_are_the_same(self):
        rows = np.random.default_rng(1).integers(0, 3, (5, LAYOUT.groups), dtype=np.uint8)
        rows[:, 1056:] = network.UNKNOWN
        packed, labels = pack.pack_choices(rows, 1056)
        self.assertEqual(packed.shape, (5, 264))
        np.testing.assert_array_equal(pack.unpack_choices(packed, labels), rows)


class Network(unittest.TestCase):
    def test_a_fresh_network_says_the_prior(self):
        model, shape = tiny(), (2, 3)
        evidence = torch.randn(*shape, LAYOUT.bits)
        context = model(evidence, torch.zeros(*shape, LAYOUT.lanes), torch.full((*shape, 2), 4))
        torch.testing.assert_close(context, model.prior.expand_as(context))

    def test_cross_entropy_worked_by_hand(self):
        # Odds 1 : 2 : 5; an unknown group counts nothing.
        layout = network.Layout([[0, 2, 2]])
        context = torch.tensor([2.0, 5.0, 1.0, 1.0]).log().view(1, 1, 4)
        choices = torch.tensor([[[2, network.UNKNOWN]]], dtype=torch.uint8)
        nats = network.cross_entropy(layout, torch.zeros(1, 1, 4), context, choices, torch.ones(1, 1, 1))
        self.assertAlmostEqual(nats.item(), float(np.log(8 / 5)), places=6)


class Tasks(unittest.TestCase):
    def test_levels_follow_the_density(self):
        levels = NOISE.quantile((torch.arange(100_000) + 0.5) / 100_000)
        self.assertTrue(((levels >= NOISE.lo) & (levels <= NOISE.hi)).all())
        # 0.3 of the even part and 0.7 of the bell lie below the bell's centre in shares 5.5/11.5 and about 0.5.
        self.assertAlmostEqual((levels < NOISE.mean).float().mean().item(), 0.3 * 5.5 / 11.5 + 0.7 * 0.4993, delta=2e-3)

    def test_every_task_appears(self):
        # N = 20,000: five standard errors of a share of 0.75 are 0.0153, of 0.08 are 0.0096.
        generator = torch.Generator().manual_seed(1)
        log_snr, locks = tasks.draw_views(20_000, 16, NOISE, generator, "cpu")
        certain = (log_snr >= network.LOG_SNR_CERTAIN).float()
        self.assertAlmostEqual(certain[:, 0, tasks.KEY_LANE].mean().item(), 0.75, delta=0.0153)
        self.assertAlmostEqual((locks > 0).float().mean().item(), 0.08, delta=0.0096)

    def test_evidence_has_the_stated_mean_and_variance(self):
        # 32,000 cells at snr 1 that are off: mean −2, variance 4; five standard errors are 0.056 and 0.16.
        generator = torch.Generator().manual_seed(1)
        choices = torch.zeros(16, 3, LAYOUT.groups, dtype=torch.uint8)
        choices[..., 1056:] = network.UNKNOWN
        log_snr = torch.zeros(16, 3, LAYOUT.lanes)
        log_snr[..., 1] = network.LOG_SNR_CERTAIN
        evidence = tasks.noise_evidence(LAYOUT, choices, log_snr, generator)
        self.assertAlmostEqual(evidence[..., :704].mean().item(), -2.0, delta=0.056)
        self.assertAlmostEqual(evidence[..., :704].var().item(), 4.0, delta=0.16)
        self.assertTrue((evidence[..., 704:1408] == -network.CERTAIN).all())
        self.assertTrue((evidence[..., 2112:] == 0).all())


class Checkpoints(unittest.TestCase):
    def test_every_rung_goes_on_from_what_it_keeps(self):
        torch.manual_seed(1)
        model = tiny()
        run = run_of(model, checkpoint.Counters(seen=640, steps=5))
        numbers = sum(w.numel() for w in run.weights.values())
        for rung, bytes_each in (("exact", 18), ("moments", 6), ("weights", 4), ("average", 2)):
            with tempfile.TemporaryDirectory() as folder:
                stored = checkpoint.save(Path(folder), run, model.prior, {}, numbers * bytes_each)
                back, _ = checkpoint.load(Path(folder))
            self.assertEqual(stored, rung)
            kept = rung in ("exact", "moments")
            self.assertEqual((back.counters.seen, back.counters.steps), (640, 5 if kept else 0))
            self.assertEqual(back.counters.warm_from, 0 if kept else 640)
            expected = run.averaged if rung == "average" else run.weights
            for name in run.weights:
                torch.testing.assert_close(back.weights[name], expected[name], rtol=1e-3, atol=1e-6)
                torch.testing.assert_close(back.averaged[name], run.averaged[name], rtol=1e-3, atol=1e-6)
                if kept:
                    torch.testing.assert_close(back.second[name], run.second[name], rtol=2e-2, atol=1e-6)

    def test_a_missing_file_is_told(self):
        model = tiny()
        run = run_of(model, checkpoint.Counters())
        with tempfile.TemporaryDirectory() as folder:
            checkpoint.save(Path(folder), run, model.prior, {})
            (Path(folder) / "state-0.safetensors").unlink()
            with self.assertRaises(ValueError):
                checkpoint.load(Path(folder))


if __name__ == "__main__":
    unittest.main()
