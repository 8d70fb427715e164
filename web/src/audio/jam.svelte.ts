// The jam: you play some bars, the model answers with as many, in time, and so on. The click never stops; the answer
// enters on the first bar line after it is ready.

import { api } from '../api/client';
import { listenToJob } from '../api/events';
import type { Candidate } from '../api/types';
import { t } from '../i18n/i18n.svelte';
import { QUARTER, emptyPiece, fromServer, toServer, type Piece } from '../model/piece';
import { BAR, lastBars, mannersOf, newBars } from '../model/jam';
import { notesOfKeys, quantisePlayed, type KeyEvent } from '../model/record';
import { studio } from '../state/studio.svelte';
import { click } from './click';
import { audio, wakeAudio } from './context';
import { player } from './player.svelte';
import { recorder, withPlayed } from './recorder.svelte';

export type JamPhase = 'off' | 'count' | 'you' | 'thinking' | 'answer';

/** Fewer steps than for a piece: an answer in time is worth more than a finer one. */
const STEPS = 16;
/** How much of the conversation the model is told: one window. */
const REMEMBERED_BARS = 8;

class Jam {
  phase = $state<JamPhase>('off');
  bars = $state(2);
  tempo = $state(96);
  key = $state<string | null>(null);
  turns = $state(0);
  /** Bars and beats gone in this phase, for the eye. */
  beat = $state(0);

  #piece = $state.raw<Piece>(emptyPiece(0));
  #origin = 0;
  #clicked = 0;
  #phaseStart = 0;
  #events: KeyEvent[] = [];
  #stopListening: (() => void) | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;
  #job: string | null = null;
  #answer: { buffer: AudioBuffer; piece: Piece } | null = null;
  #asking = false;
  #source: AudioBufferSourceNode | null = null;

  get conversation(): Piece {
    return this.#piece;
  }

  async start(): Promise<void> {
    await wakeAudio();
    player.pause();
    if (!recorder.keysOn) recorder.toggleKeys();
    this.#piece = emptyPiece(0, '4/4', this.tempo, this.key);
    this.turns = 0;
    this.#answer = null;
    this.#asking = false;
    this.#origin = audio().currentTime + 0.15;
    this.#clicked = 0;
    this.#enter('count', 0);
    this.#stopListening = recorder.listen(
      () => this.#now() - this.#phaseStart,
      (event) => {
        if (this.phase === 'you') this.#events.push(event);
      },
    );
    this.#timer = setInterval(() => this.#tick(), 25);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#stopListening?.();
    this.#stopListening = null;
    this.#source?.stop();
    this.#source = null;
    if (this.#job) void api.cancelJob(this.#job).catch(() => undefined);
    this.#job = null;
    this.phase = 'off';
  }

  /** Time since the first click, in twelfths of a quarter. */
  #now(): number {
    return ((audio().currentTime - this.#origin) * this.tempo * QUARTER) / 60;
  }

  #when(at: number): number {
    return this.#origin + (at * 60) / (this.tempo * QUARTER);
  }

  #enter(phase: JamPhase, at: number): void {
    this.phase = phase;
    this.#phaseStart = at;
    if (phase === 'you') {
      this.#events = [];
      studio.say(t('jam.you'));
    }
  }

  #tick(): void {
    const now = this.#now();
    for (; this.#clicked < now + QUARTER; this.#clicked += QUARTER) click(this.#when(this.#clicked), this.#clicked % BAR === 0);
    const gone = now - this.#phaseStart;
    this.beat = Math.max(0, Math.floor(gone / QUARTER));
    if (this.phase === 'count' && gone >= BAR) this.#enter('you', this.#phaseStart + BAR);
    else if (this.phase === 'you' && gone >= this.bars * BAR) this.#heardYou();
    else if (this.phase === 'thinking' && this.#answer) this.#enterAnswer(now);
    else if (this.phase === 'answer' && gone >= this.bars * BAR) this.#enter('you', this.#phaseStart + this.bars * BAR);
  }

  #heardYou(): void {
    const length = this.bars * BAR;
    const played = quantisePlayed(notesOfKeys(this.#events, length), 'sixteenth').filter((note) => note.start < length);
    const at = this.#phaseStart + length;
    if (played.length === 0) {
      studio.say(t('jam.silence'));
      this.#enter('you', at);
      return;
    }
    const from = this.#piece.bars * BAR;
    const placed = played.map((note) => ({ ...note, start: note.start + from, length: Math.min(note.length, length - note.start) }));
    const { piece } = withPlayed(this.#piece, studio.focusLane, placed);
    this.#piece = { ...piece, bars: this.#piece.bars + this.bars };
    this.#enter('thinking', at);
    void this.#ask();
  }

  async #ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      const source = lastBars(this.#piece, REMEMBERED_BARS);
      const candidate = await this.#continue(source);
      if (this.phase !== 'thinking') return;
      const whole = fromServer(candidate.piece);
      const score = toServer(whole);
      const bytes = await api.render({ score, format: 'wav', from_bar: source.bars, to_bar: source.bars + this.bars });
      this.#answer = { buffer: await audio().decodeAudioData(bytes), piece: newBars(this.#piece, whole, source.bars, this.bars) };
    } catch (cause) {
      if (this.phase !== 'off') {
        studio.fail(cause);
        this.stop();
      }
    } finally {
      this.#asking = false;
    }
  }

  async #continue(source: Piece): Promise<Candidate> {
    const ticket = await api.createJob({
      request: { verb: { verb: 'continue', bars: this.bars }, steps: STEPS, ...mannersOf(lastBars(source, this.bars), studio.focusLane, this.bars) },
      source: { score: toServer(source) },
      candidates: 1,
    });
    this.#job = ticket.id;
    return new Promise((resolve, reject) => {
      listenToJob(api.eventsOf(ticket.id), (event) => {
        if (event.kind === 'notes') resolve(event.data);
        else if (event.kind === 'error') reject(new Error(event.data.error.sentence));
        else if (event.kind === 'cancelled') reject(new Error(t('said.cancelled')));
      });
    });
  }

  #enterAnswer(now: number): void {
    const answer = this.#answer;
    if (!answer) return;
    // The next bar line that can still be met.
    const at = Math.ceil((now + 3) / BAR) * BAR;
    const context = audio();
    this.#source = new AudioBufferSourceNode(context, { buffer: answer.buffer });
    this.#source.connect(context.destination);
    this.#source.start(this.#when(at));
    this.#answer = null;
    this.#piece = answer.piece;
    this.turns++;
    this.#enter('answer', at);
    studio.say(t('jam.answer'));
  }
}

export const jam = new Jam();
