// The engraver behind one small door: it takes MusicXML, and tells where on the page a moment lies.

import type { OpenSheetMusicDisplay } from 'opensheetmusicdisplay';

interface Moment {
  readonly quarter: number;
  readonly x: number;
  readonly y: number;
  readonly height: number;
}

export class Sheet {
  #moments: Moment[] = [];

  private constructor(private readonly engraver: OpenSheetMusicDisplay) {}

  static async on(paper: HTMLElement): Promise<Sheet> {
    const { OpenSheetMusicDisplay } = await import('opensheetmusicdisplay');
    const engraver = new OpenSheetMusicDisplay(paper, {
      backend: 'svg',
      autoResize: false,
      drawTitle: false,
      drawSubtitle: false,
      drawComposer: false,
      drawCredits: false,
      followCursor: false,
      disableCursor: false,
      drawingParameters: 'default',
    });
    return new Sheet(engraver);
  }

  async show(musicXml: string, zoom: number): Promise<void> {
    await this.engraver.load(musicXml);
    this.engraver.zoom = zoom;
    this.engraver.render();
    this.#moments = this.#walk(zoom);
  }

  /** Walks the engraver's cursor through the piece once and notes where it stood. */
  #walk(zoom: number): Moment[] {
    const cursor = this.engraver.cursor;
    const moments: Moment[] = [];
    if (!cursor) return moments;
    cursor.reset();
    for (let i = 0; i < 20000 && !cursor.Iterator.EndReached; i++) {
      const graphic = this.engraver.GraphicSheet;
      const measures = graphic.MeasureList[cursor.Iterator.CurrentMeasureIndex];
      const measure = measures?.find((one) => one);
      const system = measure?.ParentMusicSystem;
      const voices = cursor.Iterator.CurrentVisibleVoiceEntries();
      const entry = voices[0] ?? cursor.Iterator.CurrentVoiceEntries?.[0];
      const stamp = cursor.Iterator.currentTimeStamp;
      if (system && entry) {
        const place = graphic.findGraphicalMeasure(cursor.Iterator.CurrentMeasureIndex, 0);
        const staffEntry = place?.staffEntries.find((one) => Math.abs(one.getAbsoluteTimestamp().RealValue - stamp.RealValue) < 1e-4)
          ?? measures?.flatMap((one) => one?.staffEntries ?? []).find((one) => Math.abs(one.getAbsoluteTimestamp().RealValue - stamp.RealValue) < 1e-4);
        if (staffEntry) {
          const top = system.PositionAndShape.AbsolutePosition.y;
          const lines = system.StaffLines;
          const lowest = lines[lines.length - 1];
          const bottom = lowest ? lowest.PositionAndShape.AbsolutePosition.y + 4 : top + 4;
          // The engraver counts in tenths of a staff space: ten pixels a unit at zoom 1.
          moments.push({
            quarter: stamp.RealValue * 4,
            x: staffEntry.PositionAndShape.AbsolutePosition.x * 10 * zoom,
            y: (top - 1) * 10 * zoom,
            height: (bottom - top + 2) * 10 * zoom,
          });
        }
      }
      cursor.Iterator.moveToNext();
    }
    return moments.sort((a, b) => a.quarter - b.quarter);
  }

  /** The last moment at or before so many quarters. */
  placeOf(quarter: number): Moment | null {
    let found: Moment | null = null;
    for (const moment of this.#moments) {
      if (moment.quarter > quarter + 1e-6) break;
      found = moment;
    }
    return found ?? this.#moments[0] ?? null;
  }
}
