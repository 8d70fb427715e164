// The chords that live in a key: what a player reaches for first.

const SHARPS = ['C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B'];
const FLATS = ['C', 'Db', 'D', 'Eb', 'E', 'F', 'Gb', 'G', 'Ab', 'A', 'Bb', 'B'];
const TONICS: Readonly<Record<string, number>> = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };

const MAJOR: readonly (readonly [number, string])[] = [[0, ''], [2, 'm'], [4, 'm'], [5, ''], [7, ''], [7, '7'], [9, 'm'], [0, 'maj7'], [2, 'm7'], [9, 'm7']];
const MINOR: readonly (readonly [number, string])[] = [[0, 'm'], [3, ''], [5, 'm'], [7, 'm'], [7, '7'], [8, ''], [10, ''], [2, 'm7b5'], [0, 'm7'], [5, 'm7']];

/** Tonic pitch class and mode of "F# minor", "Am" or "Bb". */
export function readKey(key: string): { tonic: number; minor: boolean } | null {
  const match = /^([A-G])([#b♯♭]?)\s*(major|minor|m)?$/.exec(key.trim());
  if (!match) return null;
  const bend = { '#': 1, '♯': 1, b: -1, '♭': -1 }[match[2] ?? ''] ?? 0;
  return { tonic: ((TONICS[match[1] as string] as number) + bend + 12) % 12, minor: match[3] === 'minor' || match[3] === 'm' };
}

export function chordsOfKey(key: string | null): string[] {
  const { tonic, minor } = readKey(key ?? 'C major') ?? { tonic: 0, minor: false };
  // Written with flats when the key's own signature has them (circle of fifths, relative major's side).
  const major = minor ? (tonic + 3) % 12 : tonic;
  const names = [5, 10, 3, 8, 1].includes(major) ? FLATS : SHARPS;
  return (minor ? MINOR : MAJOR).map(([step, quality]) => `${names[(tonic + step) % 12]}${quality}`);
}
