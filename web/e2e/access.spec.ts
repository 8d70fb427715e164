import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from '@playwright/test';
import { compose, expect, firstVisit, markBars, shot, test } from './desk';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Finding {
  id: string;
  impact: string;
  help: string;
  nodes: { target: string[]; failureSummary: string }[];
}

/** Findings of axe that would keep somebody out (serious or critical), in WCAG 2.2 A and AA. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(source);
  const found = await page.evaluate(async () => {
    const axe = (window as unknown as { axe: { run: (where: Document, options: unknown) => Promise<{ violations: Finding[] }> } }).axe;
    return (await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })).violations;
  });
  return found
    .filter((one) => one.impact === 'serious' || one.impact === 'critical')
    .map((one) => `${one.id}: ${one.help}\n${one.nodes.map((node) => `  ${node.target.join(' ')} ${node.failureSummary}`).join('\n')}`);
}

for (const theme of ['light', 'dark'] as const) {
  test(`no serious findings by axe, ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    await firstVisit(page);
    expect.soft(await findings(page), 'welcome').toEqual([]);
    await compose(page, 4);
    expect.soft(await findings(page), 'desk').toEqual([]);
    for (const panel of ['Report', 'Rules', 'Mixer', 'History', 'Jam']) {
      await page.getByRole('navigation', { name: 'Side panel' }).getByRole('button', { name: panel, exact: true }).click();
      expect.soft(await findings(page), panel).toEqual([]);
    }
    await shot(page, `18-jam-${theme}`);
    await page.getByRole('button', { name: 'Jam', exact: true }).click();
    await markBars(page, 2, 2, 4);
    await page.getByRole('button', { name: 'Infill' }).click();
    await expect(page.getByText('4 to choose from')).toBeVisible();
    expect.soft(await findings(page), 'tray').toEqual([]);
    await shot(page, `19-tray-${theme}`);
    await page.getByRole('button', { name: 'Keep the original' }).click();
    await page.getByRole('button', { name: 'Library' }).click();
    expect.soft(await findings(page), 'library').toEqual([]);
  });
}

test('the page speaks Chinese', async ({ page }) => {
  await firstVisit(page);
  await page.getByRole('button', { name: '中文' }).click();
  await expect(page.getByRole('button', { name: '作曲', exact: true })).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.lang)).toBe('zh');
  await shot(page, '20-chinese');
});
