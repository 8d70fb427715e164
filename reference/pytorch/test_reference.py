"""What must hold without Rust and without a corpus.    cd reference/pytorch && python -m unittest"""

import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

import checkpoint
import grow
import model as network
import pack
import tasks
from data import Corpus
from speed import BLOCKS, GEOMETRY, LABELS, NOISE, NOTES

LAYOUT = network.Layout(BLOCKS)


def run_of(model: network.Denoiser, counters: checkpoint.Counters) -> checkpoint.Run:
    """A run whose four kinds of tensors differ and are nowhere negative."""
    kinds = ({name: torch.rand_like(p) for name, p in model.named_parameters()} for _ in range(4))
    return checkpoint.Run(*kinds, counters)


TRANSFORMER = {"transformer": dict(width=16, blocks=1, heads=2, expansion=2, channels=8, hidden=24, lags=2)}
LSTM = {"lstm": dict(width=8, channels=8, hidden=24)}


def tiny(sizes: dict = TRANSFORMER, blocks: list = BLOCKS) -> network.Denoiser:
    architecture = {"network": sizes, "blocks": blocks, "geometry": GEOMETRY}
    return network.build(architecture, torch.linspace(-5, -1, LAYOUT.bits)[: network.Layout(blocks).bits])


def observation(*shape: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    evidence, log_snr = torch.randn(*shape, LAYOUT.bits), torch.zeros(*shape, LAYOUT.lanes)
    return evidence, log_snr, torch.full((*shape, 2), 4)


class Packing(unittest.TestCase):
    def test_choices_packed_and_back_are_the_same(self):
        rows = np.random.default_rng(1).integers(0, 3, (5, LAYOUT.groups), dtype=np.uint8)
        rows[:, 1056:] = network.UNKNOWN
        packed, labels = pack.pack_choices(rows, 1056)
        self.assertEqual(packed.shape, (5, 264))
        np.testing.assert_array_equal(pack.unpack_choices(packed, labels), rows)


class Network(unittest.TestCase):
    def test_a_fresh_network_says_the_prior(self):
        for sizes in (TRANSFORMER, LSTM):
            model = tiny(sizes)
            context = model(*observation(2, 3))
            self.assertEqual(context.shape, (2, 3, LAYOUT.bits))
            torch.testing.assert_close(context, model.prior.expand_as(context))

    def test_a_weight_file_brings_back_the_same_network(self):
        for sizes in (TRANSFORMER, LSTM):
            model, seen = tiny(sizes), observation(1, 3)
            with torch.no_grad():
                for parameter in model.parameters():  # many begin at zero and would hide a mistake
                    parameter += 0.05 * torch.randn_like(parameter)
                with tempfile.TemporaryDirectory() as folder:
                    path = Path(folder) / "weights.safetensors"
                    network.save(path, model, {"seed": "1"}, half=False)
                    back, metadata = network.load(path)
                torch.testing.assert_close(back(*seen), model(*seen), rtol=0, atol=0)
            self.assertEqual((type(back), metadata), (type(model), {"seed": "1"}))

    def test_directions_of_the_lstm_have_the_names_of_the_weight_file(self):
        names = {name for name, _ in tiny(LSTM).named_parameters()}
        parts = ("weight", "bias", "recurrent")
        expected = {f"vectors.{layer}.{part}" for layer in ("forward", "backward", "decoder") for part in parts}
        self.assertEqual({name for name in names if name.startswith("vectors.")}, expected)

    def test_neighbour_groups_look_where_they_say(self):
        h = torch.zeros(1, 2, 20, 24)
        h[0, 1, 13] = 1.0  # all units of quarter 1, pitch 13
        y = network.neighbours_relu(h)[0]
        self.assertTrue((y[1, 13, :8] == 1).all(), "its own")
        self.assertEqual(y[0, 13, 8 + 1], 1, "a quarter ahead")
        self.assertEqual(y[1, 13 + 5, 8 + 10], 1, "a fourth below")
        self.assertEqual(y[1, 13 - 12, 8 + 15], 1, "an octave above")
        # Its own 8, and 16 neighbours but three: quarter 2, pitches 20 and 25 are beyond the edge.
        self.assertEqual(y.sum(), 8 + 13)

    def test_a_lag_alone_copies_the_picture_that_lies_there(self):
        # No content, one head that looks two tokens back and one that looks here: T = 3, 2 pixels, 1 channel a head.
        lags = torch.full((2, 5), -100.0)
        lags[0, 0] = lags[1, 2] = 100.0
        weights = network.attention_weights(torch.zeros(1, 3, 8), lags, network.rotary(3, 2, "cpu"))
        y = network.carried(weights, torch.arange(12.0).view(1, 3, 2, 2))
        # The last token has the first token's first channel and its own second one, at both pixels.
        torch.testing.assert_close(y[0, 2], torch.tensor([[0.0, 9.0], [2.0, 11.0]]))

    def test_cross_entropy_worked_by_hand(self):
        # Odds 1 : 2 : 5; an unknown group counts nothing.
        layout = network.Layout([[0, 2, 2]])
        context = torch.tensor([2.0, 5.0, 1.0, 1.0]).log().view(1, 1, 4)
        choices = torch.tensor([[[2, network.UNKNOWN]]], dtype=torch.uint8)
        nats = network.cross_entropy(layout, torch.zeros(1, 1, 4), context, choices, torch.ones(1, 1, 1))
        self.assertAlmostEqual(nats.item(), float(np.log(8 / 5)), places=6)


class Growth(unittest.TestCase):
    def test_new_columns_are_zero_and_stand_before_the_position(self):
        old, new = torch.arange(1.0, 35.0).view(1, 34), torch.full((1, 35), 9.0)
        self.assertTrue(grow.adopt("levels.0.weight", old, new))
        self.assertEqual(new[0, :4].tolist(), [1, 2, 0, 3])
        self.assertEqual(new[0, -1], 34)

    def test_new_rows_keep_what_they_are(self):
        new = torch.full((3,), 7.0)
        self.assertTrue(grow.adopt("head.cells.bias", torch.tensor([1.0, 2.0]), new))
        self.assertEqual(new.tolist(), [1, 2, 7])

    def test_what_shrinks_widens_or_changes_rank_stays_fresh(self):
        new = torch.full((2,), 7.0)
        self.assertFalse(grow.adopt("head.cells.bias", torch.ones(3), new))
        self.assertFalse(grow.adopt("any", torch.ones(2, 1), new))
        self.assertFalse(grow.adopt("any", torch.ones(1), new), "another width of the network")
        self.assertFalse(grow.adopt("levels.0.weight", torch.ones(1, 1), new.view(1, 2)), "no room for a position")
        self.assertEqual(new.tolist(), [7, 7])

    def test_a_grown_network_answers_as_before_and_says_the_prior_of_what_is_new(self):
        torch.manual_seed(1)
        for sizes in (TRANSFORMER, LSTM):
            small, large = tiny(sizes, NOTES + LABELS), tiny(sizes)
            before = small.layout.bits
            with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
                for parameter in small.parameters():
                    parameter += 0.05 * torch.randn_like(parameter)
                path = Path(folder) / "weights.safetensors"
                network.save(path, small, {}, half=False)
                self.assertEqual(grow.adopt_file(large, path), sum(p.numel() for p in small.parameters()))
                evidence, log_snr, positions = observation(1, 3)
                log_snr = torch.randn_like(log_snr)  # whatever is said of the new lanes
                expected = small(evidence[..., :before], log_snr[..., : small.layout.lanes], positions)
                context = large(evidence, log_snr, positions)
            torch.testing.assert_close(context[..., :before], expected, rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(context[..., before:], large.prior[before:].expand(1, 3, -1))


class Windows(unittest.TestCase):
    def corpus(self, folder: str) -> Corpus:
        """One piece of three quarters whose harmony holds pitch 40 from the first step to the end of the second."""
        harmony, loudness = 2 * 352, next(group for lane, _, _, group, _ in LAYOUT.spans() if lane == 8)
        choices = np.zeros((3, LAYOUT.groups), np.uint8)
        choices[:2, harmony + 40 : harmony + 352 : 88] = 2
        choices[0, [harmony + 40, loudness]] = 1, 11
        struck = np.zeros((3, 3), np.uint8)
        struck[:2, 2] = 11
        starts = np.arange(2, dtype=np.int32)
        lists = {"bars": starts, "bar_piece": 0 * starts, "sections": starts[:0], "first_section": 0 * starts}
        arrays = lists | {"positions": np.full((3, 2), 4, np.uint8), "first_quarter": np.array([0, 3], np.int32)}
        arrays |= {"prior": np.zeros(LAYOUT.bits, np.float32), "struck_loudness": struck}
        arrays |= {"valid.positions": np.full((1, 2, 2), 4, np.uint8)}
        for name, rows in (("choices", choices), ("valid.choices", choices[None, :2])):
            arrays[f"{name}.notes"], arrays[f"{name}.labels"] = pack.pack_choices(rows, 1056)
        architecture = json.dumps({"network": TRANSFORMER, "blocks": BLOCKS, "geometry": GEOMETRY})
        path = Path(folder) / "corpus.npz"
        np.savez(path, metadata=json.dumps({"architecture": architecture}), **arrays)
        return Corpus(path, 2, 0.5, "cpu")

    def test_what_rings_into_a_window_is_struck_again_as_loud_as_it_was(self):
        with tempfile.TemporaryDirectory() as folder:
            corpus = self.corpus(folder)
        choices, _ = corpus.windows(torch.tensor([0, 1]))
        harmony = choices[..., 2 * 352 : 3 * 352].unflatten(-1, (4, 88))[..., 40]
        self.assertEqual(harmony.tolist(), [[[1, 2, 2, 2], [2, 2, 2, 2]], [[1, 2, 2, 2], [0, 0, 0, 0]]])
        loudness = choices[..., LAYOUT.groups - 24 :].unflatten(-1, (2, 3, 4))[..., 0, 2, :]
        self.assertEqual(loudness.tolist(), [[[11, 0, 0, 0], [0, 0, 0, 0]], [[11, 0, 0, 0], [0, 0, 0, 0]]])
        self.assertEqual(corpus.choices[1, 2 * 352 + 40], 2, "the piece itself stays as it is")


class Tasks(unittest.TestCase):
    def test_the_canvas_has_the_noise_levels_that_the_tasks_speak_of(self):
        self.assertEqual(LAYOUT.lanes, tasks.LANES)

    def test_levels_follow_the_density(self):
        levels = NOISE.quantile((torch.arange(100_000) + 0.5) / 100_000)
        self.assertTrue(((levels >= NOISE.lo) & (levels <= NOISE.hi)).all())
        # Of the even part 6.6/11.5 lie below the bell's centre, of the bell about a half.
        self.assertAlmostEqual((levels < NOISE.mean).float().mean().item(), 0.3 * 6.6 / 11.5 + 0.7 * 0.5005, delta=2e-3)

    def test_every_task_appears(self):
        # N = 20,000: five standard errors of a share of 0.75 are 0.0153, of 0.08 are 0.0096.
        generator = torch.Generator().manual_seed(1)
        log_snr, locks = tasks.draw_views(20_000, 16, NOISE, generator, "cpu")
        certain = (log_snr >= network.LOG_SNR_CERTAIN).float()
        self.assertAlmostEqual(certain[:, 0, tasks.KEY_LANE].mean().item(), 0.75, delta=0.0153)
        self.assertAlmostEqual((locks > 0).float().mean().item(), 0.08, delta=0.0096)
        perform = certain[..., : tasks.NOTE_LANES].all(-1).all(-1)
        self.assertAlmostEqual(perform.float().mean().item(), 0.05, delta=0.0078)

    def test_loudness_and_timing_follow_their_notes_or_stand_alone(self):
        # N = 20,000, five standard errors. Unknown: 0.25, or with the notes (0.30) where the melody is (0.18/4/3).
        # As the notes: 0.30, or as the task left them (0.25) where it treats all lanes alike (0.38 + 0.14 + 0.08).
        generator = torch.Generator().manual_seed(1)
        log_snr, _ = tasks.draw_views(20_000, 16, NOISE, generator, "cpu")
        notes, _, loudness, timing = log_snr.split(3, -1)
        both = []
        for lanes in (loudness, timing):
            unknown = (lanes[..., 0] == network.LOG_SNR_NOTHING).all(-1).float()
            self.assertAlmostEqual(unknown.mean().item(), 0.25 + 0.30 * 0.18 / 12, delta=0.0154)
            self.assertAlmostEqual((lanes == notes).flatten(1).all(-1).float().mean().item(), 0.45, delta=0.0176)
            both.append(unknown)
        # Each is drawn for itself; 0.30² of the time both follow a melody that is unknown in 0.18/12 of the views.
        silent = 0.18 / 12
        together = (1 - silent) * 0.25**2 + silent * 0.55**2
        self.assertAlmostEqual((both[0] * both[1]).mean().item(), together, delta=0.0087)

    def test_the_loss_weighs_what_can_be_learned_and_expression_less(self):
        log_snr = torch.zeros(1, 1, tasks.LANES)
        log_snr[..., [0, tasks.LOUDNESS_LANE]] = network.LOG_SNR_CERTAIN
        self.assertEqual(tasks.loss_weights(log_snr).flatten().tolist(), [0, 1, 1, 1, 1, 1, 0] + 5 * [0.25])

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
