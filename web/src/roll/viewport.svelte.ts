// Which part of the piece is in sight. One object, because the ruler, the roll and the shape lane must agree.

import { LEAST_SCALE, MOST_SCALE, zoomAround, type View } from './geometry';

class Viewport {
  scale = $state(3);
  scrollX = $state(0);
  scrollY = $state(0);
  width = $state(800);
  height = $state(400);
  /** Height of the rows, 1 as laid out. */
  zoomY = $state(1);

  get view(): View {
    return { scale: this.scale, scrollX: this.scrollX, scrollY: this.scrollY, width: this.width, height: this.height };
  }

  /** Length that was fitted last; null since the musician zoomed by hand. */
  #whole: number | null = null;

  zoom(factor: number, around = this.width / 2): void {
    this.#whole = null;
    const { scale, scrollX } = zoomAround(this.view, around, factor);
    this.scale = scale;
    this.scrollX = scrollX;
  }

  /** So that `length` fills the width, but never so wide that eight bars look like two. */
  fit(length: number): void {
    if (length <= 0 || this.width <= 0) return;
    this.#whole = length;
    this.scale = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, Math.min(6, (this.width - 24) / length)));
    this.scrollX = 0;
  }

  /** A panel opened or closed: what was fitted before still fits. */
  resize(width: number, height: number): void {
    const changed = width !== this.width;
    this.width = width;
    this.height = height;
    if (changed && this.#whole !== null) this.fit(this.#whole);
  }

  /** Turns the page when the playhead leaves it. */
  follow(at: number): void {
    const x = at * this.scale - this.scrollX;
    if (x < 0 || x > this.width * 0.92) this.scrollX = Math.max(0, at * this.scale - this.width * 0.08);
  }

  reveal(from: number, to: number): void {
    const left = from * this.scale - this.scrollX;
    const right = to * this.scale - this.scrollX;
    if (left < 0) this.scrollX = Math.max(0, from * this.scale - 40);
    else if (right > this.width) this.scrollX = Math.max(0, to * this.scale - this.width + 40);
  }
}

export const viewport = new Viewport();
