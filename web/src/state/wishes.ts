// Wishes: what a musician says before a piece is made. Everything may be left alone.

import type { JobRequest } from '../api/types';
import { curveText, moodText, type Curves } from '../model/curves';
import { rulesFor, type RuleSheet } from '../model/rules';

export interface Wishes {
  bars: number;
  mood: string | null;
  /** The kind of music; null leaves it to the program. */
  idiom: string | null;
  key: string | null;
  form: string;
  chords: string;
  tempo: number | null;
  metre: string | null;
  rhythm: string | null;
  density: number | null;
  temperature: number;
  /** 1 makes one piece and opens it; more are put side by side. */
  ideas: number;
  seed: number | null;
}

export const NO_WISHES: Wishes = {
  bars: 8,
  mood: null,
  idiom: null,
  key: null,
  form: '',
  chords: '',
  tempo: null,
  metre: null,
  rhythm: null,
  density: null,
  temperature: 1,
  ideas: 1,
  seed: null,
};

/** The part of a request that leans and binds, whatever the verb. */
export function leanings(curves: Curves, rules: RuleSheet, density: number | null = null): Partial<JobRequest> {
  const soft: NonNullable<JobRequest['soft']> = {};
  const densityCurve = curveText('density', curves.density) ?? (density === null ? null : density.toFixed(2));
  const loudness = curveText('loudness', curves.loudness);
  if (densityCurve !== null) soft.density = densityCurve;
  if (loudness !== null) soft.loudness = loudness;
  const mood = moodText(curves);
  const bound = rulesFor(rules);
  return {
    ...(Object.keys(soft).length > 0 ? { soft } : {}),
    ...(mood === null ? {} : { mood }),
    ...(bound.length > 0 ? { rules: bound } : {}),
  };
}

export function composeRequest(wishes: Wishes, curves: Curves, rules: RuleSheet): JobRequest {
  const leaning = leanings(curves, rules, wishes.density);
  const form = wishes.form.trim();
  const chords = wishes.chords.trim();
  return {
    verb: { verb: 'compose' },
    ...leaning,
    // A form says how many bars there are; both together could only agree or quarrel.
    ...(form === '' ? { bars: wishes.bars } : { form }),
    ...(wishes.mood !== null && leaning.mood === undefined ? { mood: wishes.mood } : {}),
    ...(wishes.idiom === null ? {} : { idiom: wishes.idiom }),
    ...(wishes.key === null ? {} : { key: wishes.key }),
    ...(chords === '' ? {} : { chords }),
    ...(wishes.tempo === null ? {} : { tempo: wishes.tempo }),
    ...(wishes.metre === null ? {} : { metre: wishes.metre }),
    ...(wishes.rhythm === null ? {} : { rhythm: wishes.rhythm }),
    ...(wishes.temperature === 1 ? {} : { temperature: wishes.temperature }),
    ...(wishes.seed === null ? {} : { seed: wishes.seed }),
  };
}
