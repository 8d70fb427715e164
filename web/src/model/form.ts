// Form blocks: sections as coloured letters above the roll, and the words in which a form is asked for.

import { barStarts } from './bars';
import { newNoteId, type Piece, type Section } from './piece';

/** "A8 B8 A'4" → blocks; null when it cannot be read. Bars are counted, not timed. */
export function parseForm(text: string): { label: string; bars: number }[] | null {
  const words = text.trim().split(/[\s,]+/).filter(Boolean);
  if (words.length === 0) return null;
  const blocks = words.map((word) => {
    const match = /^([A-Za-z]'*)(\d{1,3})$/.exec(word.replace(/[’′]/g, "'"));
    const bars = Number(match?.[2]);
    return match && bars > 0 ? { label: match[1] as string, bars } : null;
  });
  return blocks.every((block) => block !== null) ? (blocks as { label: string; bars: number }[]) : null;
}

export function formText(blocks: readonly { label: string; bars: number }[]): string {
  return blocks.map((block) => `${block.label}${block.bars}`).join(' ');
}

/** Puts a section at some bars; sections under it give way. An empty label only clears. */
export function setSection(sections: readonly Section[], start: number, end: number, label: string): Section[] {
  const rest = sections.flatMap((section) => {
    const sectionEnd = section.start + section.length;
    return [
      { ...section, length: Math.min(sectionEnd, start) - section.start },
      { ...section, start: Math.max(section.start, end), length: sectionEnd - Math.max(section.start, end) },
    ].filter((piece) => piece.length > 0);
  });
  const all = label === '' ? rest : [...rest, { start, length: end - start, label }];
  return all.sort((a, b) => a.start - b.start);
}

/**
 * The bars of a section once more after the last bar, notes, chords and letter: "A" comes back as "A'". Returns the
 * longer piece and the bars that are new.
 */
export function appendCopy(piece: Piece, start: number, end: number, label: string): { piece: Piece; fromBar: number; toBar: number } {
  const starts = barStarts(piece);
  const fromBar = starts.length - 1;
  const shift = (starts[fromBar] ?? 0) - start;
  const inside = <T extends { start: number }>(list: readonly T[]): T[] => list.filter((item) => item.start >= start && item.start < end);
  const copied: Piece = {
    ...piece,
    notes: [...piece.notes, ...inside(piece.notes).map((note) => ({ ...note, id: newNoteId(), start: note.start + shift }))],
    chords: [...piece.chords, ...inside(piece.chords).map((chord) => ({ ...chord, start: chord.start + shift }))],
    sections: [...piece.sections, { start: start + shift, length: end - start, label: label.endsWith("'") ? label : `${label}'` }],
  };
  const toBar = barStarts(copied).length - 1;
  return { piece: { ...copied, bars: toBar }, fromBar, toBar };
}
