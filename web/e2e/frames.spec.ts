import { expect, shot, test } from './desk';

// 128 bars × 8 lanes: how long a frame takes while the piece scrolls and while it plays. Two figures: the time between frames as
// the page sees it (requestAnimationFrame), and the main thread's work for one of them, scripts, layout and painting together, as
// Chromium counts it. Headless Chromium without a graphics card paints on the processor, so both are an upper bound; the first
// says more about the neighbours than about the page where a machine is busy, and is printed only.
const FRAMES = 120;
const FRAME_MS = 1000 / 60;

test('a large piece scrolls and plays', async ({ page, request }) => {
  const lanes = ['melody', 'counter', 'harmony', 'bass', 'drums', 'sustained'];
  const parts = [...lanes.map((lane) => ({ lane, name: lane, program: 0, drums: lane === 'drums' })), { lane: null, name: 'Horns', program: 60, drums: false }, { lane: null, name: 'Choir', program: 52, drums: false }];
  const notes = parts.flatMap((_, part) =>
    Array.from({ length: 128 * 12 }, (__, i) => ({ part, pitch: part === 4 ? 36 + (i % 3) * 3 : 48 + part * 3 + ((i * 7) % 17), start: i * 4, length: 4, velocity: 60 + (i % 40) })),
  );
  const saved = await request.post('/api/pieces', { data: { score: { title: 'Large', tempo: 400, parts, notes }, title: 'Large' } });
  expect(saved.ok()).toBe(true);
  await page.goto('/');
  await page.getByRole('button', { name: /Large/ }).first().click();
  await expect(page.getByRole('application', { name: /Piano roll with 12288 notes/ })).toBeVisible();
  await page.waitForTimeout(1500);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const busy = async () => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    return 1000 * (metrics.find((metric) => metric.name === 'TaskDuration')?.value ?? 0);
  };

  const measure = async (what: string, scroll: boolean) => {
    const before = await busy();
    const frames = await page.evaluate(
      async ({ count, scrolls }) => {
        const scroller = document.querySelector('.scroller') as HTMLElement;
        const times: number[] = [];
        let last = performance.now();
        for (let i = 0; i < count; i++) {
          await new Promise(requestAnimationFrame);
          const now = performance.now();
          times.push(now - last);
          last = now;
          if (scrolls) scroller.scrollLeft += 24;
        }
        return times.sort((a, b) => a - b);
      },
      { count: FRAMES, scrolls: scroll },
    );
    const work = ((await busy()) - before) / FRAMES;
    const at = (share: number) => frames[Math.floor(share * (FRAMES - 1))]!.toFixed(1);
    console.log(`${what} 128 bars × 8 lanes: the main thread works ${work.toFixed(1)} ms a frame; between frames median ${at(0.5)} ms, 95 % ${at(0.95)} ms`);
    return work;
  };

  expect(await measure('scrolling', true)).toBeLessThan(FRAME_MS);
  await shot(page, '21-large');
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Pause', exact: true })).toBeVisible({ timeout: 600_000 });
  expect(await measure('playing', false)).toBeLessThan(FRAME_MS);
  await shot(page, '21-large-playing');
  expect(await measure('playing and scrolling', true)).toBeLessThan(FRAME_MS);
});
