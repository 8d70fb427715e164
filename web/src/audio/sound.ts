// A piece as sound: one buffer a part, rendered by the studio's own instruments, so that the mixer works on parts. Each
// part brings its own share of the hall with it: muted, it is gone altogether. Together they are the mix.

import { api } from '../api/client';
import { secondsAt } from '../model/bars';
import { endOf, tempoOf, toServer, withTempo, type Piece, type TempoMark } from '../model/piece';
import { audio } from './context';

export interface Stem {
  readonly part: number;
  readonly buffer: AudioBuffer;
}

export interface Sound {
  readonly stems: readonly Stem[];
  readonly seconds: number;
  /** Tempo map of what was rendered: differs from the piece's when played slower or faster. */
  readonly tempos: readonly TempoMark[];
  /** Parts come before mastering; this brings their sum close to full scale. */
  readonly gain: number;
}

/** Above so many seconds of stems the sound is sent packed: raw samples would fill the browser's memory twice. */
const RAW_SECONDS = 400;
const LOUDEST_SAMPLE = 0.85;
const KEPT_SOUNDS = 8;

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

async function render(piece: Piece, factor: number, signal: AbortSignal): Promise<Sound> {
  const slowed = factor === 1 ? piece : withTempo(piece, tempoOf(piece) * factor);
  if (piece.notes.length === 0) return { stems: [], seconds: 0, tempos: slowed.tempos, gain: 1 };
  const length = secondsAt(slowed.tempos, endOf(slowed));
  const parts = [...new Set(piece.notes.map((note) => note.part))];
  const format = length * parts.length <= RAW_SECONDS ? 'wav' : playsOgg() ? 'ogg' : 'flac';
  const score = toServer(slowed);
  const decoded = await Promise.all(
    parts.map(async (part) => ({
      part,
      buffer: await audio().decodeAudioData(await api.render({ score, format, parts: [part] }, signal)),
    })),
  );
  const seconds = Math.max(0, ...decoded.map((stem) => stem.buffer.duration));
  const stems = decoded.map(({ part, buffer }) => ({ part, buffer: padded(buffer, seconds) }));
  return { stems, seconds, tempos: slowed.tempos, gain: levelOf(stems) };
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
