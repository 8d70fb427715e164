import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from '@playwright/test';
import { compose, expect, firstVisit, markBars, panel, shot, test } from './desk';

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
    const sound = async (what: string) => expect.soft(await findings(page), `${what}, ${theme}`).toEqual([]);
    await page.emulateMedia({ colorScheme: theme });
    await firstVisit(page);
    await sound('welcome');
    await shot(page, `30-welcome-${theme}`);
    await compose(page, 4);
    await sound('desk');
    for (const name of ['Compose', 'Report', 'Rules', 'Mixer', 'History', 'Jam']) {
      await panel(page, name).click();
      await sound(name);
      await shot(page, `31-${name.toLowerCase()}-${theme}`);
    }
    await panel(page, 'Jam').click();

    await page.getByRole('button', { name: 'More', exact: true }).click();
    await sound('more verbs');
    await shot(page, `32-more-${theme}`);
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('button', { name: 'Export' }).click();
    await sound('export');
    await shot(page, `33-export-${theme}`);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Chords …' }).click();
    await sound('chords as text');
    await shot(page, `34-chords-${theme}`);
    await page.keyboard.press('Escape');
    const header = page.getByRole('application', { name: /Form, chords and bars/ });
    for (const [key, name] of [['Enter', 'chord'], ['f', 'form']] as const) {
      await header.focus();
      await page.keyboard.press(key);
      await expect(page.getByRole('dialog')).toBeVisible();
      await sound(name);
      await shot(page, `35-${name}-${theme}`);
      await page.keyboard.press('Escape');
    }
    for (const what of ['tempo', 'density', 'velocity']) {
      await page.getByLabel('Lane under the roll').selectOption(what);
      await sound(`lane under the roll: ${what}`);
    }

    await markBars(page, 2, 2, 4);
    await page.getByRole('button', { name: 'Infill' }).click();
    await expect(page.getByRole('progressbar')).toBeVisible();
    await sound('while it is written');
    await expect(page.getByText('4 to choose from')).toBeVisible();
    await sound('tray');
    await shot(page, `19-tray-${theme}`);
    await page.getByRole('button', { name: 'Keep the original' }).click();

    await page.getByRole('button', { name: 'Notation' }).click();
    await expect(page.locator('.sheet svg').first()).toBeVisible();
    await sound('notation');
    await shot(page, `36-notation-${theme}`);
    await page.getByRole('button', { name: 'Piano roll' }).click();
    await page.keyboard.press('?');
    await sound('keys');
    await shot(page, `37-keys-${theme}`);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Library' }).click();
    await sound('library');
    await shot(page, `38-library-${theme}`);
  });
}

test('the page speaks Chinese', async ({ page }) => {
  await firstVisit(page);
  await page.getByRole('button', { name: '中文' }).click();
  await expect(page.getByRole('button', { name: '作曲', exact: true })).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.lang)).toBe('zh');
  await shot(page, '20-chinese');
  await page.getByRole('button', { name: '4', exact: true }).click();
  await page.getByRole('button', { name: '作曲', exact: true }).click();
  await expect(page.locator('.play.ready')).toBeVisible();
  await expect(page.getByRole('progressbar')).toHaveCount(0);
  // Nothing is left in English but names, keys and instruments' own words.
  for (const name of ['作曲', '报告', '规则', '混音', '历史', '合奏']) {
    const button = page.locator('.transport nav').getByRole('button', { name, exact: true });
    if (await button.count()) await button.click();
  }
  await shot(page, '20-chinese-desk');
  const words = await page.evaluate(() => document.body.innerText.match(/\b[a-z]{4,}\b/gi) ?? []);
  console.log(`Latin words on the Chinese page: ${[...new Set(words)].join(' ')}`);
});
