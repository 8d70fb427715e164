"""What must hold without Rust and without a corpus.    cd reference/pytorch && python -m unittest"""

import json
import lzma
import math
import tempfile
import unittest
from pathlib import Path

import torch
from safetensors.torch import save

import checkpoint
import grow
import model as network
import pack
import tasks
import widen
from data import Corpus
from speed import BLOCKS, GEOMETRY, LABELS, NOISE, NOTES

LAYOUT = network.Layout(BLOCKS)
NOTE_GROUPS = 6 * 352
# The canvas before it had six note lanes, without ensemble and idiom.
THREE_LANES = [[lane, groups, choices] for _, lane, groups, choices in widen.blocks(3, False)]
THREE_LANE_GEOMETRY = GEOMETRY | {"note_lanes": 3, "pitch_class_blocks": [3, 4, 5]}


def group_of(lane: int) -> int:
    """The first group that a noise level governs."""
    return next(group for block_lane, _, _, group, _ in LAYOUT.spans() if block_lane == lane)



def run_of(model: network.Denoiser, counters: checkpoint.Counters) -> checkpoint.Run:
    """A run whose four kinds of tensors differ and are nowhere negative."""
    kinds = ({name: torch.rand_like(p) for name, p in model.named_parameters()} for _ in range(4))
    return checkpoint.Run(*kinds, counters)


TRANSFORMER = {"transformer": dict(width=16, blocks=1, heads=2, expansion=2, channels=8, hidden=24, lags=2)}
LSTM = {"lstm": dict(width=8, channels=8, hidden=24)}


def tiny(sizes: dict = TRANSFORMER, blocks: list = BLOCKS, geometry: dict = GEOMETRY) -> network.Denoiser:
    architecture = {"network": sizes, "blocks": blocks, "geometry": geometry}
    return network.build(architecture, torch.linspace(-5, -1, LAYOUT.bits)[: network.Layout(blocks).bits])


def observation(*shape: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    evidence, log_snr = torch.randn(*shape, LAYOUT.bits), torch.zeros(*shape, LAYOUT.lanes)
    return evidence, log_snr, torch.full((*shape, 2), 4)


class Packing(unittest.TestCase):
    def test_choices_packed_and_back_are_the_same(self):
        rows = torch.randint(0, 3, (5, LAYOUT.groups), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
        rows[:, NOTE_GROUPS:] = network.UNKNOWN
        packed, labels = pack.pack_choices(rows, NOTE_GROUPS)
        self.assertEqual(packed.shape, (5, 528))
        self.assertTrue(torch.equal(pack.unpack_choices(packed, labels), rows))

    def test_the_first_of_four_cells_lies_in_the_lowest_bits(self):
        packed, labels = pack.pack_choices(torch.tensor([[1, 0, 2, 0, 7]], dtype=torch.uint8), 4)
        self.assertEqual((packed.tolist(), labels.tolist()), ([[0b100001]], [[7]]))


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
        self.assertAlmostEqual(nats.item(), math.log(8 / 5), places=6)


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


class Widening(unittest.TestCase):
    def test_the_blocks_of_six_lanes_are_those_of_the_canvas(self):
        self.assertEqual([[lane, g, c] for _, lane, g, c in widen.blocks(6, True)], BLOCKS)

    def test_a_widened_network_says_of_the_old_cells_what_it_said_where_nothing_new_is_known(self):
        torch.manual_seed(1)
        old_layout = network.Layout(THREE_LANES)
        places = widen.places(widen.blocks(3, False), widen.blocks(6, True))
        lanes = [0, 1, 2, 6, 7, 8, 9, 10, 11, 15, 16, 17]  # where the twelve noise levels are now
        for sizes in (TRANSFORMER, LSTM):
            old, fresh = tiny(sizes, THREE_LANES, THREE_LANE_GEOMETRY), tiny(sizes)
            # The new canvas knows the old cells' prior; its other notes are so rare that no belief in them is left.
            prior = torch.full((LAYOUT.bits,), -60.0)
            prior[places] = old.prior
            fresh = network.build(fresh.architecture, prior)
            with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
                for parameter in old.parameters():
                    parameter += 0.05 * torch.randn_like(parameter)
                paths = [str(Path(folder) / name) for name in ("old", "fresh", "widened")]
                network.save(paths[0], old, {}, half=False)
                network.save(paths[1], fresh, {}, half=False)
                widen.main(*paths)
                wide, _ = network.load(paths[2])
                seen = torch.randn(1, 3, old_layout.bits), torch.randn(1, 3, old_layout.lanes)
                evidence, log_snr = torch.zeros(1, 3, LAYOUT.bits), torch.randn(1, 3, LAYOUT.lanes)
                evidence[..., places], log_snr[..., lanes] = seen
                positions = torch.full((1, 3, 2), 4)
                expected, context = old(*seen, positions), wide(evidence, log_snr, positions)
            torch.testing.assert_close(context[..., places], expected, rtol=1e-4, atol=1e-5)


class Windows(unittest.TestCase):
    def corpus(self, shares: dict[str, float]) -> Corpus:
        """Two sets. A piece of "band", three quarters, whose harmony holds pitch 40 from the first step to the end of
        the second quarter; two pieces of "pop", two quarters and one window each.
        """
        harmony, loudness = 2 * 352, group_of(tasks.LOUDNESS_LANE + 2)
        choices = torch.zeros(7, LAYOUT.groups, dtype=torch.uint8)
        choices[:2, harmony + 40 : harmony + 352 : 88] = 2
        choices[0, [harmony + 40, loudness]] = torch.tensor([1, 11], dtype=torch.uint8)
        struck = torch.zeros(7, 6, dtype=torch.uint8)
        struck[:2, 2] = 11
        lists = {"bars": [0, 1, 3, 5], "bar_piece": [0, 0, 1, 2], "sections": [], "first_section": [0, 0, 0, 0]}
        tensors = {name: torch.tensor(numbers, dtype=torch.int32) for name, numbers in lists.items()}
        tensors |= {"struck_loudness": struck, "prior": torch.zeros(LAYOUT.bits)}
        for name, rows in (("", choices), ("valid.", choices[None, :2])):
            notes, labels = pack.pack_choices(rows, NOTE_GROUPS)
            places = torch.full((*rows.shape[:-1], 2), 4, dtype=torch.uint8)
            tensors |= {f"{name}notes": notes, f"{name}labels": labels.contiguous(), f"{name}positions": places}
        architecture = json.dumps({"network": TRANSFORMER, "blocks": BLOCKS, "geometry": GEOMETRY})
        metadata = {"architecture": architecture, "sets": json.dumps({"band": 2, "pop": 2}), "validate": ""}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "corpus.windows.xz"
            path.write_bytes(lzma.compress(save(tensors, metadata)))
            return Corpus(path, 2, 0.5, shares, "cpu")

    def test_what_rings_into_a_window_is_struck_again_as_loud_as_it_was(self):
        corpus = self.corpus({})
        choices, _ = corpus.windows(torch.tensor([0, 1]))
        harmony = choices[..., 2 * 352 : 3 * 352].unflatten(-1, (4, 88))[..., 40]
        self.assertEqual(harmony.tolist(), [[[1, 2, 2, 2], [2, 2, 2, 2]], [[1, 2, 2, 2], [0, 0, 0, 0]]])
        loudness = choices[..., group_of(tasks.LOUDNESS_LANE + 2) :][..., :4]
        self.assertEqual(loudness.tolist(), [[[11, 0, 0, 0], [0, 0, 0, 0]], [[11, 0, 0, 0], [0, 0, 0, 0]]])
        again, _ = corpus.windows(torch.tensor([0]))
        self.assertEqual(again[0, 1, 2 * 352 + 40], 2, "the piece itself stays as it is")

    def test_shares_decide_how_often_a_set_is_drawn(self):
        # N = 20,000: five standard errors of a share of 0.25 are 0.0153, of 0.5 are 0.0177.
        def drawn(shares: dict[str, float]) -> list[float]:
            starts = self.corpus(shares).starts(20_000, torch.Generator().manual_seed(1))
            return [(starts == bar).float().mean().item() for bar in (0, 1, 3, 5)]

        for share in drawn({}):
            self.assertAlmostEqual(share, 0.25, delta=0.0153)
        for share, expected in zip(drawn({"pop": 3.0, "band": 1.0}), (0.125, 0.125, 0.375, 0.375)):
            self.assertAlmostEqual(share, expected, delta=0.0177)
        self.assertEqual(sum(drawn({"pop": 1.0})[:2]), 0.0, "a set without a share is not drawn")
        with self.assertRaises(ValueError):
            self.corpus({"jazz": 1.0})


# A trio without its second voice: lanes 0, 2 and 3.
TRIO = [True, False, True, True, False, False]


class Tasks(unittest.TestCase):
    def views(self, ensemble: list[bool]) -> tuple[torch.Tensor, torch.Tensor]:
        """20,000 views of 16 quarters."""
        generator = torch.Generator().manual_seed(1)
        return tasks.draw_views(torch.tensor(ensemble).expand(20_000, -1), 16, NOISE, generator)

    def assert_share(self, which: torch.Tensor, share: float):
        """Of N = 20,000, within five standard errors."""
        error = (share * (1 - share) / 20_000) ** 0.5
        self.assertAlmostEqual(which.float().mean().item(), share, delta=5 * error)

    def test_the_canvas_has_the_noise_levels_that_the_tasks_speak_of(self):
        self.assertEqual(LAYOUT.lanes, tasks.LANES)
        self.assertEqual((group_of(tasks.ENSEMBLE_LANE), group_of(tasks.IDIOM_LANE)), (2179, 2185))

    def test_levels_follow_the_density(self):
        levels = NOISE.quantile((torch.arange(100_000) + 0.5) / 100_000)
        self.assertTrue(((levels >= NOISE.lo) & (levels <= NOISE.hi)).all())
        # Of the even part 6.6/11.5 lie below the bell's centre, of the bell about a half.
        self.assertAlmostEqual((levels < NOISE.mean).float().mean().item(), 0.3 * 6.6 / 11.5 + 0.7 * 0.5005, delta=2e-3)

    def test_the_first_quarter_says_which_lanes_play_and_unknown_means_all(self):
        choices = torch.zeros(2, 3, LAYOUT.groups, dtype=torch.uint8)
        first = group_of(tasks.ENSEMBLE_LANE)
        choices[0, 0, first : first + 6] = torch.tensor(TRIO).to(torch.uint8)
        choices[1, 0, first : first + 6] = network.UNKNOWN
        self.assertEqual(tasks.playing_lanes(LAYOUT, choices).tolist(), [TRIO, [True] * 6])

    def test_given_lanes_are_some_of_those_that_play_but_never_all(self):
        generator = torch.Generator().manual_seed(1)
        u, coins = torch.rand(20_000, generator=generator), torch.rand(20_000, 6, generator=generator)
        given = tasks.given_lanes(torch.tensor(TRIO).expand(20_000, -1), u, coins)
        self.assertFalse(given[:, [1, 4, 5]].any())
        self.assertTrue(((given.sum(-1) > 0) & (given.sum(-1) < 3)).all())
        # The melody alone: asked for (0.3), or by the coins alone, all or none (three of eight).
        melody_alone = (given == torch.tensor([True] + [False] * 5)).all(-1)
        self.assert_share(melody_alone, 0.3 + 0.7 * 3 / 8)
        solo = torch.tensor([[False, False, False, False, True, False]])
        self.assertFalse(tasks.given_lanes(solo, torch.tensor([0.1]), torch.zeros(1, 6)).any(), "a lane alone")

    def test_every_task_appears(self):
        log_snr, locks = self.views(TRIO)
        certain, unsaid = log_snr >= network.LOG_SNR_CERTAIN, log_snr <= network.LOG_SNR_NOTHING
        self.assert_share(certain[:, 0, tasks.KEY_LANE], 0.75)
        self.assert_share(locks > 0, 0.08)
        playing = [0, 2, 3]
        self.assert_share(certain[..., playing].all(-1).all(-1), 0.05)  # to perform
        # A lane nobody speaks of, one of three.
        for lane in playing:
            self.assert_share(unsaid[..., lane].all(-1), 0.18 * 0.25 / 3)

    def test_of_absent_lanes_mostly_nobody_speaks(self):
        log_snr, _ = self.views(TRIO)
        certain, unsaid = log_snr >= network.LOG_SNR_CERTAIN, log_snr <= network.LOG_SNR_NOTHING
        absent = [1, 4, 5]
        self.assert_share(unsaid[..., absent].all(-1).all(-1), 0.5)
        # Certain for a quarter, and where a flat score is performed for the quarter that leaves them to the task.
        self.assert_share(certain[..., absent].all(-1).all(-1), 0.25 + 0.25 * 0.05)

    def test_ensemble_and_idiom_are_said_or_not_at_all(self):
        for ensemble in (TRIO, [True] * 6):
            log_snr, _ = self.views(ensemble)
            self.assert_share((log_snr[..., tasks.ENSEMBLE_LANE] == network.LOG_SNR_CERTAIN).all(-1), 0.85)
            self.assert_share((log_snr[..., tasks.ENSEMBLE_LANE] == network.LOG_SNR_NOTHING).all(-1), 0.15)
            self.assert_share((log_snr[..., tasks.IDIOM_LANE] == network.LOG_SNR_CERTAIN).all(-1), 0.75)
            self.assert_share((log_snr[..., tasks.IDIOM_LANE] == network.LOG_SNR_NOTHING).all(-1), 0.25)

    def test_loudness_and_timing_follow_their_notes_or_stand_alone(self):
        # All lanes play. Unknown: 0.25, or with the notes (0.30) where lane 0 is (0.18/4/6). As the notes: 0.30, or as
        # the task left them (0.25) where it treats all lanes alike (0.38 + 0.14 + 0.08).
        log_snr, _ = self.views([True] * 6)
        notes, _, loudness, timing, _ = log_snr.split([6, 3, 6, 6, 2], -1)
        both = []
        for lanes in (loudness, timing):
            unknown = (lanes[..., 0] == network.LOG_SNR_NOTHING).all(-1)
            self.assert_share(unknown, 0.25 + 0.30 * 0.18 / 24)
            self.assert_share((lanes == notes).flatten(1).all(-1), 0.45)
            both.append(unknown)
        # Each is drawn for itself; 0.30² of the time both follow a melody that is unknown in 0.18/24 of the views.
        silent = 0.18 / 24
        self.assert_share(both[0] & both[1], (1 - silent) * 0.25**2 + silent * 0.55**2)

    def test_the_loss_weighs_what_can_be_learned_and_expression_less(self):
        log_snr = torch.zeros(1, 1, tasks.LANES)
        log_snr[..., [0, tasks.LOUDNESS_LANE, tasks.IDIOM_LANE]] = network.LOG_SNR_CERTAIN
        self.assertEqual(tasks.loss_weights(log_snr).flatten().tolist(), [0] + 8 * [1] + [0] + 12 * [0.25] + [0])

    def test_evidence_has_the_stated_mean_and_variance(self):
        # 32,000 cells at snr 1 that are off: mean −2, variance 4; five standard errors are 0.056 and 0.16.
        generator = torch.Generator().manual_seed(1)
        choices = torch.zeros(16, 3, LAYOUT.groups, dtype=torch.uint8)
        choices[..., NOTE_GROUPS:] = network.UNKNOWN
        log_snr = torch.zeros(16, 3, LAYOUT.lanes)
        log_snr[..., 1] = network.LOG_SNR_CERTAIN
        evidence = tasks.noise_evidence(LAYOUT, choices, log_snr, generator)
        self.assertAlmostEqual(evidence[..., :704].mean().item(), -2.0, delta=0.056)
        self.assertAlmostEqual(evidence[..., :704].var().item(), 4.0, delta=0.16)
        self.assertTrue((evidence[..., 704:1408] == -network.CERTAIN).all())
        self.assertTrue((evidence[..., 2 * NOTE_GROUPS :] == 0).all())


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
