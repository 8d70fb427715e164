// Colours of the canvas, read from the page's style sheet so that a theme is said once.

export interface Palette {
  readonly paper: string;
  readonly row: string;
  readonly rowFocus: string;
  readonly black: string;
  readonly bar: string;
  readonly beat: string;
  readonly ink: string;
  readonly faint: string;
  readonly accent: string;
  readonly region: string;
  readonly chord: string;
  readonly section: string;
  readonly onLane: string;
  lane(name: string | null): string;
}

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  const lanes = new Map<string, string>();
  return {
    paper: read('--roll-paper'),
    row: read('--roll-row'),
    rowFocus: read('--roll-row-focus'),
    black: read('--roll-black'),
    bar: read('--roll-bar'),
    beat: read('--roll-beat'),
    ink: read('--ink'),
    faint: read('--ink-soft'),
    accent: read('--accent'),
    region: read('--roll-region'),
    chord: read('--roll-chord'),
    section: read('--roll-section'),
    onLane: read('--on-lane'),
    lane(name) {
      const key = name ?? 'other';
      let colour = lanes.get(key);
      if (colour === undefined) {
        colour = read(`--lane-${key}`) || read('--lane-other');
        lanes.set(key, colour);
      }
      return colour;
    },
  };
}
