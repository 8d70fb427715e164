// Keys that sound at once: drawn notes, clicked chords, a MIDI keyboard. The studio renders every sixth pitch of the
// instrument once; in between, a sample is played a little faster or slower. Until they are there, a soft tone stands in.

import { api } from '../api/client';
import { audio, wakeAudio } from './context';

const LOWEST = 24;
const HIGHEST = 102;
const DISTANCE = 6;
const SAMPLE_SECONDS = 3;
const DRUMS_LOW = 35;
const DRUMS_HIGH = 59;

interface Samples {
  buffer: AudioBuffer;
  low: number;
  distance: number;
}

const samples = new Map<string, Samples | 'loading' | 'none'>();

export interface Sounding {
  stop(): void;
}

export function loadKeys(program: number, drums: boolean): void {
  const name = drums ? 'drums' : `${program}`;
  if (samples.has(name)) return;
  samples.set(name, 'loading');
  fetchKeys(program, drums).then(
    (loaded) => samples.set(name, loaded),
    () => samples.set(name, 'none'),
  );
}

async function fetchKeys(program: number, drums: boolean): Promise<Samples> {
  const low = drums ? DRUMS_LOW : LOWEST;
  const high = drums ? DRUMS_HIGH : HIGHEST;
  const distance = drums ? 1 : DISTANCE;
  const quarter = 12; // at 60 quarters a minute a quarter is a second
  const notes = [];
  for (let pitch = low, i = 0; pitch <= high; pitch += distance, i++) {
    notes.push({ part: 0, pitch, start: i * SAMPLE_SECONDS * quarter, length: 2.5 * quarter, velocity: 96 });
  }
  const bytes = await api.render({
    score: { tempo: 60, parts: [{ lane: drums ? 'drums' : 'melody', name: 'Keys', program, drums }], notes },
    format: 'wav',
  });
  return { buffer: await audio().decodeAudioData(bytes), low, distance };
}

/** Sounds until stopped, or for `seconds`. */
export function playKey(pitch: number, velocity: number, program: number, drums: boolean, seconds?: number, delay = 0): Sounding {
  void wakeAudio();
  loadKeys(program, drums);
  const context = audio();
  const when = context.currentTime + delay;
  const loaded = samples.get(drums ? 'drums' : `${program}`);
  const gain = new GainNode(context, { gain: 0.9 * (velocity / 127) ** 1.5 });
  gain.connect(context.destination);
  const source = typeof loaded === 'object' ? startSample(loaded, pitch, when, gain) : startTone(pitch, when, gain);
  const stop = (): void => {
    const at = Math.max(context.currentTime, when);
    gain.gain.setTargetAtTime(0, at, 0.06);
    source.stop(at + 0.5);
  };
  if (seconds !== undefined) {
    gain.gain.setTargetAtTime(0, when + seconds, 0.06);
    source.stop(when + seconds + 0.5);
  }
  return { stop };
}

export function playChord(pitches: readonly number[]): void {
  for (const pitch of pitches) playKey(pitch, 80, 0, false, 1.2);
}

function startSample(loaded: Samples, pitch: number, when: number, out: AudioNode): AudioScheduledSourceNode {
  const last = Math.floor(loaded.buffer.duration / SAMPLE_SECONDS) - 1;
  const index = Math.min(Math.max(0, last), Math.max(0, Math.round((pitch - loaded.low) / loaded.distance)));
  const source = new AudioBufferSourceNode(audio(), {
    buffer: loaded.buffer,
    playbackRate: 2 ** ((pitch - loaded.low - index * loaded.distance) / 12),
  });
  source.connect(out);
  source.start(when, index * SAMPLE_SECONDS, SAMPLE_SECONDS - 0.05);
  return source;
}

function startTone(pitch: number, when: number, out: AudioNode): AudioScheduledSourceNode {
  const tone = new OscillatorNode(audio(), { type: 'triangle', frequency: 440 * 2 ** ((pitch - 69) / 12) });
  const envelope = new GainNode(audio(), { gain: 0 });
  envelope.gain.setValueAtTime(0, when);
  envelope.gain.linearRampToValueAtTime(0.3, when + 0.01);
  envelope.gain.setTargetAtTime(0, when + 0.02, 0.5);
  tone.connect(envelope).connect(out);
  tone.start(when);
  return tone;
}
