// What several tests do: open the page, compose, look at the piece through the page's own draft.
import { readFile } from 'node:fs/promises';
import { expect, test as base, type Locator, type Page } from '@playwright/test';

export interface Note {
  lane: string | null;
  part: number;
  pitch: number;
  start: number;
  length: number;
  velocity: number;
}

export interface Piece {
  title: string;
  notes: Note[];
  chords: { start: number; length: number; symbol: string }[];
  parts: { lane: string | null }[];
}

/** Every test fails if the page logged an error or broke its content-security policy. */
export const test = base.extend<{ page: Page; steps: number }>({
  steps: [Number(process.env['AEOLIAN_STEPS'] ?? 0), { option: true }],
  page: async ({ page, steps }, use) => {
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(`page: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(`console: ${message.text()}`);
    });
    if (steps > 0) {
      // The same model with fewer steps: rougher music, the same page. For machines that are busy with other things.
      await page.route('**/api/jobs', async (route) => {
        const order = route.request().postDataJSON() as { request: { steps?: number } } | null;
        if (route.request().method() !== 'POST' || !order) return route.continue();
        return route.continue({ postData: JSON.stringify({ ...order, request: { steps, ...order.request } }) });
      });
    }
    await use(page);
    expect(faults, 'the page reported faults').toEqual([]);
  },
});

export { expect };

/** The desk as the page keeps it in the browser. */
export async function desk(page: Page): Promise<Piece> {
  return page.evaluate(() => {
    // The draft is written a moment after a change, and at once when the page is left: pretend to leave it.
    window.dispatchEvent(new Event('beforeunload'));
    return (JSON.parse(localStorage.getItem('aeolian-draft') ?? 'null') as { piece: Piece }).piece;
  });
}

export async function firstVisit(page: Page): Promise<void> {
  await page.goto('/');
  await expect(page.getByRole('button', { name: 'Compose', exact: true })).toBeEnabled();
}

/** A new piece on the desk. */
export async function compose(page: Page, bars = 4): Promise<void> {
  await firstVisit(page);
  await page.getByRole('button', { name: String(bars), exact: true }).click();
  await page.getByRole('button', { name: 'Compose', exact: true }).click();
  await composed(page);
}

export async function composed(page: Page): Promise<void> {
  await expect(page.locator('.play.ready')).toBeVisible();
  await expect(page.getByRole('progressbar')).toHaveCount(0);
}

/** Marks bars of all lanes by the ruler. Bars count from 1, the last is included. */
export async function markBars(page: Page, from: number, to: number, bars: number): Promise<void> {
  const ruler = page.getByRole('application', { name: /Form, chords and bars/ });
  const frame = await ruler.boundingBox();
  if (!frame) throw new Error('no ruler');
  const width = await barWidth(page, bars);
  const y = frame.y + 62;
  await page.mouse.move(frame.x + (from - 0.7) * width, y);
  await page.mouse.down();
  await page.mouse.move(frame.x + (from - 0.5) * width, y, { steps: 3 });
  await page.mouse.move(frame.x + (to - 0.3) * width, y, { steps: 3 });
  await page.mouse.up();
  await expect(page.locator('.where')).toContainText(from === to ? `Bar ${from}` : `Bars ${from}–${to}`);
}

/** Pixels a bar when the whole piece is in sight. */
export async function barWidth(page: Page, bars: number): Promise<number> {
  const extent = await page.locator('.extent').boundingBox();
  if (!extent) throw new Error('no roll');
  // The roll leaves 80 pixels free after the last bar.
  return page.evaluate((count) => {
    const element = document.querySelector('.extent') as HTMLElement;
    return (Number.parseFloat(element.style.width) - 80) / count;
  }, bars);
}

export function byPlace(notes: readonly Note[]): string[] {
  return notes.map((note) => [note.lane, note.part, note.pitch, note.start, note.length, note.velocity].join(' ')).sort();
}

export async function shot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `e2e/shots/${name}.png` });
}

export function outside(notes: readonly Note[], from: number, to: number): string[] {
  return byPlace(notes.filter((note) => note.start < from || note.start >= to));
}

/** A file dropped onto the page, as from a file manager. */
export async function dropFile(page: Page, name: string, bytes: Buffer): Promise<void> {
  const transfer = await page.evaluateHandle(
    ({ data, file }) => {
      const drop = new DataTransfer();
      drop.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], file));
      return drop;
    },
    { data: bytes.toString('base64'), file: name },
  );
  await page.dispatchEvent('.studio', 'drop', { dataTransfer: transfer });
}

/** What the Export menu saves. */
export async function exported(page: Page, item: string): Promise<Buffer> {
  await page.getByRole('button', { name: 'Export' }).click();
  const coming = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: item }).click();
  return readFile(await (await coming).path());
}

export function panel(page: Page, name: string): Locator {
  return page.getByRole('navigation', { name: 'Side panel' }).getByRole('button', { name, exact: true });
}
