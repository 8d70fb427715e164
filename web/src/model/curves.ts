// Curves over bars, drawn with the mouse, and the words in which the server takes them.

export type CurveName = 'density' | 'loudness' | 'valence' | 'arousal';

export const CURVES: readonly CurveName[] = ['density', 'loudness', 'valence', 'arousal'];

/** One height from 0 to 1 per bar; null where nothing is asked. */
export type Curve = readonly (number | null)[];

export type Curves = Readonly<Record<CurveName, Curve>>;

export const NO_CURVES: Curves = { density: [], loudness: [], valence: [], arousal: [] };

/** Lowest and highest value on the server's scale. */
const SCALE: Readonly<Record<CurveName, readonly [number, number]>> = {
  density: [0, 1],
  loudness: [20, 120],
  valence: [-1, 1],
  arousal: [-1, 1],
};

export function drawCurve(curve: Curve, fromBar: number, toBar: number, height: (bar: number) => number | null): Curve {
  const drawn: (number | null)[] = [...curve];
  while (drawn.length <= Math.max(fromBar, toBar)) drawn.push(null);
  for (let bar = Math.min(fromBar, toBar); bar <= Math.max(fromBar, toBar); bar++) {
    const value = height(bar);
    drawn[bar] = value === null ? null : Math.min(1, Math.max(0, value));
  }
  return drawn;
}

export function hasCurve(curve: Curve): boolean {
  return curve.some((value) => value !== null);
}

/**
 * "0=0.2, 4=0.8": a step at every bar where the height changes. Bars before the first drawn one take its height,
 * bars after the last keep it: the server's curves have no gaps.
 */
export function curveText(name: CurveName, curve: Curve): string | null {
  const [low, high] = SCALE[name];
  const steps: string[] = [];
  let last: string | null = null;
  curve.forEach((height, bar) => {
    if (height === null) return;
    const value = low + height * (high - low);
    const word = name === 'loudness' ? value.toFixed(0) : value.toFixed(2);
    if (word !== last) steps.push(`${last === null ? 0 : bar}=${word}`);
    last = word;
  });
  return steps.length === 0 ? null : steps.join(', ');
}

/** Valence and arousal share one wish, the mood. */
export function moodText(curves: Curves): string | null {
  const words = (['valence', 'arousal'] as const).flatMap((name) => {
    const text = curveText(name, curves[name]);
    return text === null ? [] : [`${name}:${text}`];
  });
  return words.length === 0 ? null : words.join('; ');
}
