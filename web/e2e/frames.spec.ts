import { expect, shot, test } from './desk';

// 128 bars × 8 lanes. How long the page takes for a frame while it scrolls and while it plays, measured in the page by
// requestAnimationFrame. Headless Chromium without a graphics card paints on the processor, so the figures are an
// upper bound; on a busy machine they tell more about the neighbours than about the page.
test('a large piece scrolls and plays', async ({ page, request }) => {
  const lanes = ['melody', 'counter', 'harmony', 'bass', 'drums', 'sustained'];
  const parts = [...lanes.map((lane) => ({ lane, name: lane, program: 0, drums: lane === 'drums' })), { lane: null, name: 'Horns', program: 60, drums: false }, { lane: null, name: 'Choir', program: 52, drums: false }];
  const notes = parts.flatMap((_, part) =>
    Array.from({ length: 128 * 12 }, (__, i) => ({ part, pitch: part === 4 ? 36 + (i % 3) * 3 : 48 + part * 3 + ((i * 7) % 17), start: i * 4, length: 4, velocity: 60 + (i % 40) })),
  );
  const saved = await request.post('/api/pieces', { data: { score: { title: 'Large', tempo: 120, parts, notes }, title: 'Large' } });
  expect(saved.ok()).toBe(true);
  await page.goto('/');
  await page.getByRole('button', { name: /Large/ }).first().click();
  await expect(page.getByRole('application', { name: /Piano roll with 12288 notes/ })).toBeVisible();
  await page.waitForTimeout(1500);

  const measure = (play: boolean) =>
    page.evaluate(async (playing) => {
      const scroller = document.querySelector('.scroller') as HTMLElement;
      if (playing) (document.querySelector('.play') as HTMLElement).click();
      const frames: number[] = [];
      let last = performance.now();
      for (let i = 0; i < 180; i++) {
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        frames.push(now - last);
        last = now;
        if (!playing) scroller.scrollLeft += 24;
      }
      if (playing) (document.querySelector('.play') as HTMLElement).click();
      frames.sort((a, b) => a - b);
      return { median: frames[90]!, p95: frames[171]!, worst: frames[179]! };
    }, play);

  const scrolling = await measure(false);
  console.log(`scrolling 128 bars × 8 lanes: median ${scrolling.median.toFixed(1)} ms, 95 % ${scrolling.p95.toFixed(1)} ms, worst ${scrolling.worst.toFixed(1)} ms`);
  await shot(page, '21-large');
  expect(scrolling.median).toBeLessThan(34);
});
