// A piece as sound: one buffer a part, rendered by the studio's own instruments, so that the mixer works on parts. Each
// part brings its own share of the hall with it: muted, it is gone altogether. Together they are the mix.

import { api } from '../api/client';
import { barAt, barStarts, secondsAt } from '../model/bars';
import { endOf, tempoOf, toServer, withTempo, type Piece, type TempoMark } from '../model/piece';
import { audio } from './context';

export interface Stem {
  readonly part: number;
  readonly buffer: AudioBuffer;
}

export interface Sound {
  readonly stems: readonly Stem[];
  /** Where in the song the stems begin, in seconds. */
  readonly start: number;
  /** How long they are. */
  readonly seconds: number;
  /** False for the bars that are rendered first so that a long piece is heard at once. */
  readonly whole: boolean;
  /** Tempo map of what was rendered: differs from the piece's when played slower or faster. */
  readonly tempos: readonly TempoMark[];
  /** Parts come before mastering; this brings their sum close to full scale. */
  readonly gain: number;
}

/** Above so many seconds of stems the sound is sent packed: raw samples would fill the browser's memory twice. */
const RAW_SECONDS = 400;
const LOUDEST_SAMPLE = 0.85;
const KEPT_SOUNDS = 8;
/** Above so many seconds of stems the bars to be heard first are rendered first. */
const LONG_SECONDS = 150;
/** How many bars those are. */
const FIRST_BARS = 8;

const kept = new Map<string, { piece: Piece; sound: Promise<Sound>; abort: AbortController; ready: boolean }>();
const names = new WeakMap<object, number>();
let nextName = 1;

// What can be heard of a piece: states that differ in chords or form alone share their sound.
function nameOf(piece: Piece, factor: number): string {
  return [piece.notes, piece.parts, piece.tempos].map((list) => {
    const name = names.get(list) ?? nextName++;
    names.set(list, name);
    return name;
  }).join('.') + `@${factor.toFixed(3)}`;
}

/** The sound of a piece at `factor` times its tempo; rendered once and kept while it is among the newest few. */
export function soundOf(piece: Piece, factor: number): Promise<Sound> {
  const name = nameOf(piece, factor);
  const found = kept.get(name);
  if (found) {
    kept.delete(name);
    kept.set(name, found);
    return found.sound;
  }
  const abort = new AbortController();
  const entry = { piece, abort, ready: false, sound: render(piece, factor, abort.signal) };
  kept.set(name, entry);
  entry.sound.then(
    () => (entry.ready = true),
    () => kept.delete(name),
  );
  for (const [old, other] of kept) {
    if (kept.size <= KEPT_SOUNDS) break;
    if (!other.ready) other.abort.abort();
    kept.delete(old);
  }
  return entry.sound;
}

/** True where the sound is there already. */
export function isReady(piece: Piece, factor: number): boolean {
  return kept.get(nameOf(piece, factor))?.ready ?? false;
}

export function isLong(piece: Piece, factor: number): boolean {
  return secondsAt(piece.tempos, endOf(piece)) / factor * partsOf(piece).length > LONG_SECONDS;
}

/** The sound of some bars from a time on: short, so that it is there at once. Not kept. */
export async function soundFrom(piece: Piece, factor: number, at: number): Promise<Sound> {
  const slowed = paced(piece, factor);
  const starts = barStarts(piece);
  const from = Math.max(0, Math.min(barAt(starts, at), starts.length - 2));
  const to = Math.min(from + FIRST_BARS, starts.length - 1);
  const stems = await stemsOf(slowed, 'wav', { from_bar: from, to_bar: to });
  const start = secondsAt(slowed.tempos, starts[from] ?? 0);
  // The last bar rings on, but the bar after it is missing: the sound counts up to there.
  const seconds = secondsAt(slowed.tempos, starts[to] ?? 0) - start;
  return { stems, start, seconds, whole: false, tempos: slowed.tempos, gain: levelOf(stems) };
}

function paced(piece: Piece, factor: number): Piece {
  return factor === 1 ? piece : withTempo(piece, tempoOf(piece) * factor);
}

function partsOf(piece: Piece): number[] {
  return [...new Set(piece.notes.map((note) => note.part))];
}

async function stemsOf(piece: Piece, format: 'wav' | 'ogg' | 'flac', bars: { from_bar?: number; to_bar?: number }, signal?: AbortSignal): Promise<Stem[]> {
  const score = toServer(piece);
  const decoded = await Promise.all(
    partsOf(piece).map(async (part) => ({
      part,
      buffer: await audio().decodeAudioData(await api.render({ score, format, parts: [part], ...bars }, signal)),
    })),
  );
  const seconds = Math.max(0, ...decoded.map((stem) => stem.buffer.duration));
  return decoded.map(({ part, buffer }) => ({ part, buffer: padded(buffer, seconds) }));
}

async function render(piece: Piece, factor: number, signal: AbortSignal): Promise<Sound> {
  const slowed = paced(piece, factor);
  if (piece.notes.length === 0) return { stems: [], start: 0, seconds: 0, whole: true, tempos: slowed.tempos, gain: 1 };
  const length = secondsAt(slowed.tempos, endOf(slowed));
  const format = length * partsOf(piece).length <= RAW_SECONDS ? 'wav' : playsOgg() ? 'ogg' : 'flac';
  const stems = await stemsOf(slowed, format, {}, signal);
  const seconds = Math.max(0, ...stems.map((stem) => stem.buffer.duration));
  return { stems, start: 0, seconds, whole: true, tempos: slowed.tempos, gain: levelOf(stems) };
}

/** All parts equally long: a looped source turns round at its own end, and a shorter one would run away from the rest. */
function padded(buffer: AudioBuffer, seconds: number): AudioBuffer {
  const length = Math.ceil(seconds * buffer.sampleRate);
  if (buffer.length >= length) return buffer;
  const longer = new AudioBuffer({ length, sampleRate: buffer.sampleRate, numberOfChannels: buffer.numberOfChannels });
  for (let side = 0; side < buffer.numberOfChannels; side++) longer.copyToChannel(buffer.getChannelData(side), side);
  return longer;
}

function playsOgg(): boolean {
  return document.createElement('audio').canPlayType('audio/ogg; codecs="vorbis"') !== '';
}

function levelOf(stems: readonly Stem[]): number {
  // Peaks add up at worst; in practice parts rarely peak together, so the sum of squares is closer to what is heard.
  let power = 0;
  for (const { buffer } of stems) {
    let peak = 0;
    for (let side = 0; side < buffer.numberOfChannels; side++) {
      const samples = buffer.getChannelData(side);
      for (let i = 0; i < samples.length; i += 7) peak = Math.max(peak, Math.abs(samples[i] as number));
    }
    power += peak * peak;
  }
  return power > 0 ? Math.min(4, LOUDEST_SAMPLE / Math.sqrt(power)) : 1;
}
