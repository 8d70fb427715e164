// Rules per lane, as the musician sets them, and as the server takes them.

import type { Rule } from '../api/types';

export interface LaneRules {
  readonly lowest: number | null;
  readonly highest: number | null;
  readonly voices: number | null;
  readonly handSpan: number | null;
  readonly speed: number | null;
  readonly chordTones: boolean;
  readonly silent: boolean;
}

export interface RuleSheet {
  readonly lanes: Readonly<Record<string, LaneRules>>;
  /** "D dorian" or null. */
  readonly scale: string | null;
  readonly noParallels: boolean;
}

export const NO_LANE_RULES: LaneRules = {
  lowest: null,
  highest: null,
  voices: null,
  handSpan: null,
  speed: null,
  chordTones: false,
  silent: false,
};

export const NO_RULES: RuleSheet = { lanes: {}, scale: null, noParallels: false };

/** Steps above the tonic, for the scales that can be chosen. */
const SCALES: Readonly<Record<string, readonly number[]>> = {
  major: [0, 2, 4, 5, 7, 9, 11],
  ionian: [0, 2, 4, 5, 7, 9, 11],
  minor: [0, 2, 3, 5, 7, 8, 10],
  'natural minor': [0, 2, 3, 5, 7, 8, 10],
  aeolian: [0, 2, 3, 5, 7, 8, 10],
  'harmonic minor': [0, 2, 3, 5, 7, 8, 11],
  'melodic minor': [0, 2, 3, 5, 7, 9, 11],
  dorian: [0, 2, 3, 5, 7, 9, 10],
  phrygian: [0, 1, 3, 5, 7, 8, 10],
  lydian: [0, 2, 4, 6, 7, 9, 11],
  mixolydian: [0, 2, 4, 5, 7, 9, 10],
  locrian: [0, 1, 3, 5, 6, 8, 10],
  'major pentatonic': [0, 2, 4, 7, 9],
  'minor pentatonic': [0, 3, 5, 7, 10],
  blues: [0, 3, 5, 6, 7, 10],
  'whole tone': [0, 2, 4, 6, 8, 10],
};

export const SCALE_NAMES = ['major', 'minor', 'harmonic minor', 'dorian', 'phrygian', 'lydian', 'mixolydian', 'major pentatonic', 'minor pentatonic', 'blues', 'whole tone'] as const;

const TONICS: Readonly<Record<string, number>> = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };

/** The 12-bit set of pitch classes of "D dorian"; bit 0 is C. Null when it cannot be read. */
export function scaleSet(text: string): number | null {
  const match = /^([A-G])([#b♯♭]?)\s+(.+)$/.exec(text.trim());
  const steps = SCALES[match?.[3]?.toLowerCase() ?? ''];
  if (!match || !steps) return null;
  const bend = { '#': 1, '♯': 1, b: -1, '♭': -1 }[match[2] ?? ''] ?? 0;
  const tonic = (TONICS[match[1] as string] as number) + bend + 12;
  return steps.reduce((set, step) => set | (1 << ((tonic + step) % 12)), 0);
}

export function rulesFor(sheet: RuleSheet): Rule[] {
  const rules: Rule[] = [];
  for (const [lane, wish] of Object.entries(sheet.lanes)) {
    if (wish.silent) rules.push({ silent: { lane } });
    if (wish.lowest !== null || wish.highest !== null) {
      rules.push({ range: { lane, lowest: wish.lowest ?? 0, highest: wish.highest ?? 127 } });
    }
    if (wish.voices !== null) rules.push({ most_voices: { lane, voices: wish.voices } });
    if (wish.handSpan !== null) rules.push({ hand_span: { lane, semitones: wish.handSpan, hands: 2 } });
    if (wish.speed !== null) rules.push({ speed: { lane, most_per_second: wish.speed } });
    if (wish.chordTones) rules.push({ chord_tones_on_strong_beats: { lanes: [lane] } });
  }
  const set = sheet.scale === null ? null : scaleSet(sheet.scale);
  if (set !== null) rules.push({ scale: { pitch_classes: set, tension: 0 } });
  if (sheet.noParallels) rules.push({ no_parallels: { upper: 'melody', lower: 'harmony' } });
  return rules;
}

export function countRules(sheet: RuleSheet): number {
  return rulesFor(sheet).length;
}
