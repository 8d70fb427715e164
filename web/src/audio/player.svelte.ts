// The player: stems started together, one gain and one panner a strip, and a clock that everything else follows.

import { barLength, barStarts, beatsBetween, secondsAt, timeAt, beatLength } from '../model/bars';
import { endOf, metreOf, type Piece } from '../model/piece';
import { stripKeyOfNote } from '../model/lanes';
import { audio, wakeAudio } from './context';
import { click } from './click';
import { isLong, isReady, soundFrom, soundOf, type Sound } from './sound';

export interface StripMix {
  mute: boolean;
  solo: boolean;
  /** 0 to 1.25, 1 as rendered. */
  volume: number;
  /** −1 left to 1 right. */
  pan: number;
}

const NEUTRAL: StripMix = { mute: false, solo: false, volume: 1, pan: 0 };
const START_DELAY_SECONDS = 0.06;
const FADE_SECONDS = 0.02;
const LOOK_AHEAD_SECONDS = 0.15;

interface Voice {
  sources: AudioBufferSourceNode[];
  strips: Map<string, { gain: GainNode; pan: StereoPannerNode }>;
  out: GainNode;
  sound: Sound;
}

export class Player {
  playing = $state(false);
  /** Being rendered because somebody waits to hear it. */
  waiting = $state(false);
  /** Time in the piece, updated once a frame while playing. */
  position = $state(0);
  loop = $state(false);
  loopRange = $state.raw<{ from: number; to: number } | null>(null);
  metronome = $state(false);
  countIn = $state(false);
  factor = $state(1);
  volume = $state(0.9);
  mix = $state<Record<string, StripMix>>({});
  failed = $state<string | null>(null);

  #piece: Piece | null = null;
  #voice: Voice | null = null;
  /** Context time at which the song stood at `#offset` seconds. */
  #startedAt = 0;
  #offset = 0;
  #clickedTo = 0;
  #timer: ReturnType<typeof setInterval> | null = null;
  #request = 0;

  /** What will be heard. While playing, the new sound takes over at the same place as soon as it is rendered. */
  use(piece: Piece | null): void {
    const before = this.#piece;
    this.#piece = piece;
    // Another title, chord or letter sounds the same: what plays plays on.
    const same = before !== null && piece !== null && before.notes === piece.notes && before.parts === piece.parts && before.tempos === piece.tempos;
    if (this.playing && piece && !same) void this.#swap();
  }

  /** Renders ahead of time, so that Play answers at once. A long piece is not: it would keep what is wanted sooner waiting. */
  prepare(piece: Piece | null = this.#piece): void {
    if (piece && piece.notes.length > 0 && !isLong(piece, this.factor)) soundOf(piece, this.factor).catch(() => undefined);
  }

  /** One after another, in the order in which they will be asked for. */
  async prepareAll(pieces: readonly Piece[]): Promise<void> {
    for (const piece of pieces) {
      if (piece.notes.length > 0) await soundOf(piece, this.factor).catch(() => undefined);
    }
  }

  mixOf(key: string): StripMix {
    return this.mix[key] ?? NEUTRAL;
  }

  setMix(key: string, change: Partial<StripMix>): void {
    this.mix[key] = { ...this.mixOf(key), ...change };
    this.#applyMix();
  }

  setVolume(volume: number): void {
    this.volume = volume;
    if (this.#voice) this.#voice.out.gain.value = volume * this.#voice.sound.gain;
  }

  async toggle(): Promise<void> {
    if (this.playing || this.waiting) this.pause();
    else await this.play();
  }

  async play(from: number = this.position, goesOn = false): Promise<void> {
    const piece = this.#piece;
    if (!piece || piece.notes.length === 0) return;
    const request = ++this.#request;
    this.failed = null;
    this.waiting = true;
    try {
      const context = await wakeAudio();
      let at = from >= endOf(piece) - 1 ? 0 : from;
      const range = this.#range();
      if (range && (at < range.from || at >= range.to)) at = range.from;
      const inParts = !range && isLong(piece, this.factor) && !isReady(piece, this.factor);
      const sound = inParts ? await soundFrom(piece, this.factor, at) : await soundOf(piece, this.factor);
      if (request !== this.#request) return;
      const wait = this.countIn && !goesOn ? this.#countBar(context.currentTime + START_DELAY_SECONDS, at, sound) : 0;
      this.#start(sound, secondsAt(sound.tempos, at), context.currentTime + START_DELAY_SECONDS + wait);
      this.playing = true;
      this.waiting = false;
      this.#tick();
      // The whole takes over at the same place as soon as it is there.
      if (!sound.whole) void this.#swap();
    } catch (cause) {
      if (request === this.#request) this.failed = cause instanceof Error ? cause.message : String(cause);
    } finally {
      if (request === this.#request) this.waiting = false;
    }
  }

  pause(): void {
    this.#request++;
    this.waiting = false;
    if (!this.playing) return;
    this.position = this.now();
    this.playing = false;
    this.#silence();
  }

  stop(): void {
    this.pause();
    this.position = this.#range()?.from ?? 0;
  }

  seek(at: number): void {
    this.position = Math.max(0, at);
    if (this.playing) void this.play(this.position);
  }

  setLoop(range: { from: number; to: number } | null, on: boolean = range !== null): void {
    this.loopRange = range;
    this.loop = on;
    if (this.playing) void this.play(this.now());
  }

  setFactor(factor: number): void {
    if (factor === this.factor) return;
    const at = this.now();
    this.factor = factor;
    if (this.playing) void this.play(at);
  }

  /** Time in the piece right now, finer than `position`. */
  now(): number {
    if (!this.playing || !this.#voice) return this.position;
    return timeAt(this.#voice.sound.tempos, this.#songSeconds(audio().currentTime));
  }

  #range(): { from: number; to: number } | null {
    if (!this.loop || !this.#piece) return null;
    const starts = barStarts(this.#piece);
    return this.loopRange ?? { from: 0, to: starts[starts.length - 1] ?? 0 };
  }

  #loopSeconds(): { from: number; to: number } | null {
    const range = this.#range();
    const voice = this.#voice;
    if (!range || !voice) return null;
    const from = secondsAt(voice.sound.tempos, range.from);
    // A loop must not be longer than the sound, or the sources would end in it.
    const to = Math.min(secondsAt(voice.sound.tempos, range.to), voice.sound.start + voice.sound.seconds);
    return to - from > 0.05 ? { from, to } : null;
  }

  #songSeconds(contextTime: number): number {
    const run = this.#offset + Math.max(0, contextTime - this.#startedAt);
    return this.#wrap(run);
  }

  #wrap(run: number): number {
    const loop = this.#loopSeconds();
    if (!loop || run < loop.to) return run;
    return loop.from + ((run - loop.from) % (loop.to - loop.from));
  }

  #start(sound: Sound, offset: number, when: number): void {
    this.#silence();
    const context = audio();
    const out = new GainNode(context, { gain: this.volume * sound.gain });
    out.connect(context.destination);
    const voice: Voice = { sources: [], strips: new Map(), out, sound };
    this.#voice = voice;
    this.#startedAt = when;
    this.#offset = offset;
    this.#clickedTo = offset;
    const loop = this.#loopSeconds();
    for (const stem of sound.stems) {
      const key = this.#stripOfPart(stem.part);
      let strip = voice.strips.get(key);
      if (!strip) {
        strip = { gain: new GainNode(context), pan: new StereoPannerNode(context) };
        strip.gain.connect(strip.pan).connect(out);
        voice.strips.set(key, strip);
      }
      const source = new AudioBufferSourceNode(context, { buffer: stem.buffer });
      if (loop) Object.assign(source, { loop: true, loopStart: loop.from - sound.start, loopEnd: loop.to - sound.start });
      source.connect(strip.gain);
      source.start(when, Math.max(0, offset - sound.start));
      voice.sources.push(source);
    }
    this.#applyMix();
    this.#timer ??= setInterval(() => this.#metronome(), 40);
  }

  #silence(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    const voice = this.#voice;
    this.#voice = null;
    if (!voice) return;
    const context = audio();
    voice.out.gain.setTargetAtTime(0, context.currentTime, FADE_SECONDS / 3);
    for (const source of voice.sources) source.stop(context.currentTime + FADE_SECONDS * 2);
    setTimeout(() => voice.out.disconnect(), FADE_SECONDS * 4000);
  }

  async #swap(): Promise<void> {
    const piece = this.#piece;
    if (!piece) return;
    const request = ++this.#request;
    try {
      const sound = await soundOf(piece, this.factor);
      if (request !== this.#request || !this.playing) return;
      const at = this.now();
      this.#start(sound, secondsAt(sound.tempos, at), audio().currentTime + FADE_SECONDS);
    } catch {
      // The old sound plays on; Play will tell what is wrong.
    }
  }

  #stripOfPart(part: number): string {
    const piece = this.#piece;
    return piece ? stripKeyOfNote(piece, { lane: null, part } as never) : `part:${part}`;
  }

  #applyMix(): void {
    const voice = this.#voice;
    if (!voice) return;
    const anySolo = Object.values(this.mix).some((strip) => strip.solo);
    for (const [key, { gain, pan }] of voice.strips) {
      const mix = this.mixOf(key);
      gain.gain.value = mix.mute || (anySolo && !mix.solo) ? 0 : mix.volume;
      pan.pan.value = mix.pan;
    }
  }

  #tick = (): void => {
    if (!this.playing || !this.#voice) return;
    this.position = this.now();
    const { sound } = this.#voice;
    if (!this.#loopSeconds() && this.#songSeconds(audio().currentTime) >= sound.start + sound.seconds) {
      this.playing = false;
      this.#silence();
      // The first bars are over and the whole is not there yet: the next bars, or the whole, go on from here.
      const at = timeAt(sound.tempos, sound.start + sound.seconds);
      if (!sound.whole && this.#piece && at < endOf(this.#piece) - 1) void this.play(at, true);
      else this.position = 0;
      return;
    }
    requestAnimationFrame(this.#tick);
  };

  #metronome(): void {
    const voice = this.#voice;
    const piece = this.#piece;
    if (!voice || !piece) return;
    const until = this.#offset + audio().currentTime - this.#startedAt + LOOK_AHEAD_SECONDS;
    const starts = barStarts(piece);
    while (this.#clickedTo < until) {
      const here = this.#wrap(this.#clickedTo);
      const loop = this.#loopSeconds();
      const most = loop && here < loop.to ? loop.to - here : Infinity;
      const span = Math.max(1e-4, Math.min(until - this.#clickedTo, most));
      if (this.metronome) {
        const tempos = voice.sound.tempos;
        // Half a tick of slack: rounding must not lose the beat on which a window begins.
        for (const beat of beatsBetween(starts, piece.metres, timeAt(tempos, here) - 1e-6, timeAt(tempos, here + span) - 1e-6)) {
          click(this.#startedAt + this.#clickedTo - this.#offset + secondsAt(tempos, beat.at) - here, beat.first);
        }
      }
      this.#clickedTo += span;
    }
  }

  /** Clicks one bar and says how long it lasts. */
  #countBar(when: number, at: number, sound: Sound): number {
    const piece = this.#piece as Piece;
    const metre = metreOf(piece);
    const beat = beatLength(metre);
    const beats = Math.round(barLength(metre) / beat);
    const seconds = Math.max(0.1, secondsAt(sound.tempos, at + beat) - secondsAt(sound.tempos, at));
    for (let i = 0; i < beats; i++) click(when + i * seconds, i === 0);
    return beats * seconds;
  }
}

export const player = new Player();
