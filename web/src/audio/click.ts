// The metronome's click: a short sine, higher on the first beat of a bar.

import { audio } from './context';

export function click(when: number, first: boolean): void {
  const context = audio();
  const start = Math.max(when, context.currentTime);
  const tone = new OscillatorNode(context, { type: 'triangle', frequency: first ? 1760 : 1175 });
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(first ? 0.28 : 0.18, start);
  gain.gain.exponentialRampToValueAtTime(0.0001, start + 0.06);
  tone.connect(gain).connect(context.destination);
  tone.start(start);
  tone.stop(start + 0.08);
}
