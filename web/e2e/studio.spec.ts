import { readFile } from 'node:fs/promises';
import { byPlace, compose, composed, desk, dropFile, expect, exported, firstVisit, markBars, outside, shot, test } from './desk';

const BAR = 48;

test.describe('with all the steps that people get', () => {
  test.use({ steps: 0 });

  test('first visit: a piece is heard within three clicks', async ({ page }) => {
    const visited = Date.now();
    await firstVisit(page);
    await shot(page, '01-welcome');
    await page.getByRole('button', { name: 'Compose', exact: true }).click(); // one
    await expect(page.getByRole('progressbar')).toBeVisible();
    await expect.poll(() => page.getByRole('progressbar').getAttribute('aria-valuenow').then(Number), { intervals: [50] }).toBeGreaterThan(25);
    await shot(page, '02-denoising');
    await composed(page);
    await page.getByRole('button', { name: 'Play', exact: true }).click(); // two
    await expect(page.getByRole('button', { name: 'Pause', exact: true })).toBeVisible();
    // Heard: the song's clock, which is the sound card's, moves on.
    await expect.poll(() => page.locator('.place b').textContent()).toMatch(/^1\.[234]|^[2-9]\./);
    console.log(`heard ${((Date.now() - visited) / 1000).toFixed(1)} s after the page was asked for, screenshots included`);
    await shot(page, '03-playing');
    expect((await desk(page)).notes.length).toBeGreaterThan(8);
  });
});

test('infill of two bars leaves every other note as it was; candidates; undo', async ({ page }) => {
  await compose(page, 4);
  const before = await desk(page);
  await markBars(page, 2, 3, 4);
  await shot(page, '04-marked');
  await page.getByRole('button', { name: 'Infill' }).click();
  await expect(page.getByRole('button', { name: 'Take it: candidate 4' })).toBeVisible();
  await expect(page.getByText('4 to choose from')).toBeVisible();
  await shot(page, '05-candidates');

  // A/B: the second is heard, then the original, then the second again.
  await page.getByRole('button', { name: 'Hear candidate 2' }).click();
  await expect(page.getByRole('button', { name: 'Pause', exact: true })).toBeVisible();
  await page.keyboard.press('0');
  await expect(page.getByRole('button', { name: 'Original', exact: true })).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('2');
  await page.getByRole('button', { name: 'Star candidate 2' }).click();
  await expect(page.getByRole('button', { name: 'Star candidate 2' })).toHaveAttribute('aria-pressed', 'true');
  await page.getByRole('button', { name: 'Put candidate 3 aside' }).click();
  await page.getByRole('button', { name: 'Take it: candidate 2' }).click();
  await expect(page.getByRole('region', { name: 'Candidates' })).toHaveCount(0);
  const after = await desk(page);

  const inside = (notes: typeof before.notes) => byPlace(notes.filter((note) => note.start >= BAR && note.start < 3 * BAR));
  expect(outside(after.notes, BAR, 3 * BAR)).toEqual(outside(before.notes, BAR, 3 * BAR));
  expect(inside(after.notes)).not.toEqual(inside(before.notes));

  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  expect(byPlace((await desk(page)).notes)).toEqual(byPlace(before.notes));
  await page.getByRole('button', { name: 'Redo', exact: true }).click();
  expect(byPlace((await desk(page)).notes)).toEqual(byPlace(after.notes));
  await page.getByRole('button', { name: 'History', exact: true }).click();
  await shot(page, '06-history');
});

test('chords in, chords out', async ({ page }) => {
  await firstVisit(page);
  await page.getByRole('button', { name: 'Start from an empty page' }).click();
  await page.getByRole('button', { name: 'Compose', exact: true }).click();
  const panel = page.getByRole('complementary', { name: 'Compose' });
  await panel.getByRole('button', { name: '4', exact: true }).first().click();
  await panel.getByLabel('Chords').fill('| C | Am | F | G7 |');
  await shot(page, '07-wishes');
  await panel.getByRole('button', { name: 'Compose', exact: true }).click();
  await composed(page);
  const { chords } = await desk(page);
  const heard = [0, 1, 2, 3].map((bar) => chords.find((chord) => chord.start <= bar * BAR && chord.start + chord.length > bar * BAR)?.symbol);
  expect(heard).toEqual(['C', 'Am', 'F', 'G7']);

  // Typed into the lane: bar 2 becomes Dm.
  const header = page.getByRole('application', { name: /Form, chords and bars/ });
  await header.focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.getByLabel('Chord symbol').fill('Dm');
  await page.keyboard.press('Enter');
  await expect.poll(async () => (await desk(page)).chords.find((chord) => chord.start === BAR)?.symbol).toBe('Dm');
  await shot(page, '08-chords');
});

test('export to MIDI and MusicXML, and back', async ({ page }) => {
  await compose(page, 4);
  const before = await desk(page);
  const sounding = (notes: typeof before.notes) => notes.map((note) => `${note.pitch} ${Math.round(note.start)}`).sort();
  const bytes = { mid: await exported(page, '.mid for a sequencer'), musicxml: await exported(page, '.musicxml for a notation program') };
  for (const ending of ['mid', 'musicxml'] as const) {
    expect(bytes[ending].length).toBeGreaterThan(100);
    await dropFile(page, `back-again.${ending}`, bytes[ending]);
    await expect(page.getByText(/“.*” is open/).first()).toBeVisible();
    const back = await desk(page);
    expect(sounding(back.notes), ending).toEqual(sounding(before.notes));
    // MusicXML has the chords in it; those of a MIDI file are heard from its notes.
    expect(back.chords.length, ending).toBeGreaterThan(0);
    if (ending === 'mid') await expect(page.getByText('Its chords were heard from the notes')).toBeVisible();
    else expect(back.chords.map((chord) => chord.symbol)).toEqual(before.chords.map((chord) => chord.symbol));
    await shot(page, `09-back-from-${ending}`);
  }
});

test('the whole library goes out as one file and comes back', async ({ page }) => {
  await compose(page, 4);
  await page.getByRole('button', { name: 'Library' }).click();
  const library = page.getByRole('dialog', { name: 'Library' });
  await expect(library.getByRole('listitem').first()).toBeVisible();
  await shot(page, '09-library');
  const coming = page.waitForEvent('download');
  await library.getByRole('link', { name: 'Export all' }).click();
  const archive = await readFile(await (await coming).path());
  expect(archive.subarray(0, 2).toString()).toBe('PK');
  await library.getByLabel('Import …').setInputFiles({ name: 'library.zip', mimeType: 'application/zip', buffer: archive });
  await expect(page.getByText(/0 pieces brought in, \d+ were here already/).first()).toBeVisible();
});

test('cancel gives the desk back at once, with what exists', async ({ page }) => {
  await compose(page, 8);
  const before = await desk(page);
  await markBars(page, 1, 8, 8);
  await page.route('**/api/jobs', (route) => {
    // A long job: it must not be done before it is cancelled.
    const order = route.request().postDataJSON() as { request: object };
    return route.continue({ postData: JSON.stringify({ ...order, request: { ...order.request, steps: 400 } }) });
  });
  await page.getByRole('button', { name: 'Infill' }).click();
  await expect(page.getByRole('progressbar')).toBeVisible();
  await expect.poll(() => page.getByRole('progressbar').getAttribute('aria-valuenow').then(Number), { intervals: [50] }).toBeGreaterThan(2);
  const answered = page.waitForResponse((response) => response.request().method() === 'DELETE');
  await page.getByRole('button', { name: 'Cancel' }).click();
  const answer = await answered;
  await answer.finished();
  const { requestStart, responseEnd } = answer.request().timing();
  await expect(page.getByRole('progressbar')).toHaveCount(0);
  console.log(`the server had cancelled after ${(responseEnd - requestStart).toFixed(0)} ms`);
  expect(responseEnd - requestStart).toBeLessThan(200 * Number(process.env['AEOLIAN_PACE'] ?? 1));
  // What had been drawn until then can be heard and taken.
  await expect(page.getByText('stopped; this much was there')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Take it: candidate 1' })).toBeVisible();
  await shot(page, '10-cancelled');
  await page.getByRole('button', { name: 'Keep the original' }).click();
  expect(byPlace((await desk(page)).notes)).toEqual(byPlace(before.notes));
});

test('a reload in the middle of a job loses nothing', async ({ page }) => {
  await compose(page, 4);
  // An edit that only the page knows of.
  const roll = page.getByRole('application', { name: /Piano roll/ });
  await roll.focus();
  await page.keyboard.press('Enter');
  const before = await desk(page);
  await markBars(page, 2, 3, 4);
  await page.getByRole('button', { name: 'Infill' }).click();
  await expect(page.getByRole('progressbar')).toBeVisible();
  await page.reload();
  await expect(page.getByRole('region', { name: 'Candidates' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Take it: candidate 4' })).toBeVisible();
  expect(byPlace((await desk(page)).notes)).toEqual(byPlace(before.notes));
  await page.getByRole('button', { name: 'Take it: candidate 1' }).click();
  await expect(page.getByRole('region', { name: 'Candidates' })).toHaveCount(0);
  await shot(page, '11-after-reload');
});

test('a reload while composing brings the piece', async ({ page }) => {
  await firstVisit(page);
  await page.getByRole('button', { name: 'Compose', exact: true }).click();
  await expect(page.getByRole('progressbar')).toBeVisible();
  await page.reload();
  await composed(page);
  expect((await desk(page)).notes.length).toBeGreaterThan(8);
});

test('the mouse: draw, move, resize, velocity, lock', async ({ page }) => {
  await firstVisit(page);
  await page.getByRole('button', { name: 'Start from an empty page' }).click();
  const canvas = page.getByRole('application', { name: /Piano roll/ });
  const frame = (await canvas.boundingBox())!;
  const at = (x: number, y: number) => ({ x: frame.x + x, y: frame.y + y });
  const drag = async (from: { x: number; y: number }, to: { x: number; y: number }) => {
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2);
    await page.mouse.move(to.x, to.y);
    await page.mouse.up();
  };
  await drag(at(20, 60), at(120, 60));
  let { notes } = await desk(page);
  expect(notes).toHaveLength(1);
  const drawn = notes[0]!;
  await page.getByRole('button', { name: 'Select and mark' }).click();
  await drag(at(40, 60), at(200, 60));
  ({ notes } = await desk(page));
  expect(notes[0]!.start).toBeGreaterThan(drawn.start);
  expect(notes[0]!.length).toBe(drawn.length);
  await page.keyboard.press('Delete');
  expect((await desk(page)).notes).toHaveLength(0);
  await page.keyboard.press('Control+z');
  expect((await desk(page)).notes).toHaveLength(1);
  await page.getByRole('button', { name: 'Lock Melody' }).click();
  await drag(at(220, 60), at(500, 60));
  expect((await desk(page)).notes[0]!.start).toBe(notes[0]!.start);
  await shot(page, '12-locked');
});

test('everything by the keyboard alone', async ({ page }) => {
  await firstVisit(page);
  const press = async (key: string, times = 1) => {
    for (let i = 0; i < times; i++) await page.keyboard.press(key);
  };
  const focusOn = async (name: RegExp) => {
    for (let i = 0; i < 120; i++) {
      await page.keyboard.press('Tab');
      const label = await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '');
      if (name.test(label.trim())) return;
    }
    throw new Error(`no way by Tab to ${name}`);
  };
  await focusOn(/^Compose$/);
  await press('Enter');
  await composed(page);
  await focusOn(/^Piano roll with/);
  const before = await desk(page);
  await press('ArrowRight', 4);
  await press('ArrowUp', 2);
  await press('Enter');
  const written = await desk(page);
  expect(written.notes.length).toBeGreaterThanOrEqual(before.notes.length);
  expect(byPlace(written.notes)).not.toEqual(byPlace(before.notes));
  await press('n');
  await press('ArrowUp');
  await press('Control+z', 2);
  expect(byPlace((await desk(page)).notes)).toEqual(byPlace(before.notes));
  await press('b');
  await press('Shift+ArrowRight');
  await expect(page.locator('.where')).toContainText('Bars');
  await press('i');
  // The first answer can be taken while the others are still being written.
  await expect(page.getByRole('button', { name: 'Take it: candidate 1' })).toBeVisible();
  await press('1');
  await press('a');
  await expect(page.getByRole('region', { name: 'Candidates' })).toHaveCount(0);
  expect(byPlace((await desk(page)).notes)).not.toEqual(byPlace(before.notes));
  await press(' ');
  await expect(page.getByRole('button', { name: 'Pause', exact: true })).toBeVisible();
  await press(' ');
  await press('?');
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible();
  await shot(page, '13-keys');
  await press('Escape');
});

test('notation, mixer, rules and report', async ({ page }) => {
  await compose(page, 4);
  await page.getByRole('button', { name: 'Mixer', exact: true }).click();
  await shot(page, '14-mixer');
  await page.getByRole('button', { name: 'Rules', exact: true }).click();
  await page.getByLabel('Most notes at once').fill('1');
  await page.getByLabel('Most notes at once').blur();
  await page.getByLabel('lowest').selectOption('60');
  await page.getByLabel('highest').selectOption('79');
  await shot(page, '15-rules');
  await page.getByRole('button', { name: 'Melody', exact: true }).first().focus();
  await markBars(page, 1, 4, 4);
  await page.getByRole('button', { name: 'Infill' }).click();
  // The first answer can be taken while the others are still being written.
  await expect(page.getByRole('button', { name: 'Take it: candidate 1' })).toBeVisible();
  await page.getByRole('button', { name: 'Take it: candidate 1' }).click();
  await page.getByRole('button', { name: 'Report', exact: true }).click();
  await expect(page.getByText('proven', { exact: true }).first()).toBeVisible();
  await shot(page, '16-report');
  const melody = (await desk(page)).notes.filter((note) => note.lane === 'melody');
  for (const note of melody) expect(note.pitch >= 60 && note.pitch <= 79).toBe(true);
  await page.getByRole('button', { name: 'Notation' }).click();
  await expect(page.locator('.sheet svg').first()).toBeVisible();
  await shot(page, '17-notation');
  // The mark goes along with the music.
  const marker = page.locator('.sheet .marker');
  const x = () => marker.evaluate((element) => element.getBoundingClientRect().x);
  const first = await x();
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await expect.poll(x).toBeGreaterThan(first + 20);
  await shot(page, '17-notation-playing');
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  // On paper there is the score and nothing else.
  await page.emulateMedia({ media: 'print' });
  for (const part of ['.bar', '.transport', '.marker']) await expect(page.locator(part).first()).toBeHidden();
  const pdf = await page.pdf({ path: 'e2e/shots/17-notation.pdf', format: 'A4' });
  expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  await page.emulateMedia({ media: 'screen' });
});

test('listening: count-in, loop, play along with a part missing', async ({ page }) => {
  await compose(page, 4);
  const place = () => page.locator('.place b').textContent().then((text) => Number.parseFloat(text ?? ''));
  await page.getByRole('button', { name: 'Count in one bar' }).click();
  await page.getByLabel('Play along').selectOption('melody');
  await expect(page.getByRole('button', { name: 'Mute Melody' })).toHaveAttribute('aria-pressed', 'true');
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Pause', exact: true })).toBeVisible();
  expect(await place(), 'one bar of clicks comes first').toBe(1.1);
  await shot(page, '25-play-along');
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await page.getByRole('button', { name: 'Count in one bar' }).click();
  await page.getByLabel('Play along').selectOption('');
  await expect(page.getByRole('button', { name: 'Mute Melody' })).toHaveAttribute('aria-pressed', 'false');
  await markBars(page, 2, 2, 4);
  await page.getByRole('button', { name: 'Loop', exact: true }).click();
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  // Round and round in bar 2: a late beat comes before an early one.
  await expect.poll(place, { intervals: [40] }).toBeGreaterThanOrEqual(2.3);
  await expect.poll(place, { intervals: [40] }).toBeLessThan(2.3);
  expect(Math.floor(await place())).toBe(2);
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
});

test('curves: the tempo, and a wish for density', async ({ page }) => {
  await compose(page, 4);
  const under = page.getByLabel('Lane under the roll');
  await under.selectOption('tempo');
  const lane = page.getByLabel('Tempo: drag to draw');
  const frame = (await lane.boundingBox())!;
  const tempos = () =>
    page.evaluate(() => {
      window.dispatchEvent(new Event('beforeunload'));
      return (JSON.parse(localStorage.getItem('aeolian-draft') ?? 'null') as { piece: { tempos: { at: number; qpm: number }[] } }).piece.tempos;
    });
  await page.mouse.move(frame.x + 10, frame.y + 70);
  await page.mouse.down();
  await page.mouse.move(frame.x + 500, frame.y + 20, { steps: 12 });
  await page.mouse.up();
  const drawn = await tempos();
  expect(drawn.length).toBeGreaterThan(1);
  expect(drawn[1]!.qpm).toBeGreaterThan(drawn[0]!.qpm);
  await shot(page, '26-tempo-curve');
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  expect(await tempos()).toHaveLength(1);
  await under.selectOption('density');
  await page.getByRole('button', { name: 'Rising' }).click();
  const asked = page.waitForRequest((request) => request.url().endsWith('/api/jobs') && request.method() === 'POST');
  await page.getByRole('button', { name: 'Vary' }).click();
  const { request } = (await asked).postDataJSON() as { request: { soft: { density: string } } };
  expect(request.soft.density).toMatch(/^0=0\.2/);
  await expect(page.getByRole('button', { name: 'Take it: candidate 1' })).toBeVisible();
  await shot(page, '27-density-wish');
});

test('the computer keyboard is recorded and put on the grid', async ({ page }) => {
  await firstVisit(page);
  await page.getByRole('button', { name: 'Start from an empty page' }).click();
  await page.getByRole('button', { name: 'Record', exact: true }).click();
  // One bar of clicks at 100 a minute comes first.
  await page.waitForTimeout(2700);
  for (const key of ['z', 'c', 'b']) {
    await page.keyboard.down(key);
    await page.waitForTimeout(350);
    await page.keyboard.up(key);
  }
  await page.getByRole('button', { name: 'Record', exact: true }).click();
  const { notes } = await desk(page);
  expect(notes.map((note) => note.pitch)).toEqual([60, 64, 67]);
  for (const note of notes) expect(note.start % 3).toBe(0);
  await shot(page, '22-recorded');
});

test('the jam: two bars are answered in time', async ({ page }) => {
  await firstVisit(page);
  await page.getByRole('button', { name: 'Start from an empty page' }).click();
  await page.getByRole('button', { name: 'Jam', exact: true }).click();
  await page.getByRole('complementary', { name: 'Jam' }).getByRole('button', { name: 'Start' }).click();
  const stage = page.locator('.stage[role=status]');
  await expect(stage).toContainText('You play');
  for (const key of ['z', 'x', 'c', 'v', 'b', 'v', 'c']) {
    await page.keyboard.down(key);
    await page.waitForTimeout(300);
    await page.keyboard.up(key);
    await page.waitForTimeout(150);
  }
  await expect(stage).toContainText('Listening back');
  const thinking = Date.now();
  await expect(stage).toContainText('The answer');
  console.log(`the answer came ${((Date.now() - thinking) / 1000).toFixed(1)} s after the question's last bar line, on a bar line`);
  await shot(page, '23-jam');
  await expect(stage).toContainText('You play');
  await page.getByRole('button', { name: 'Put it on the desk' }).click();
  const { notes } = await desk(page);
  expect(notes.some((note) => note.start < 2 * BAR)).toBe(true);
  const answer = notes.filter((note) => note.start >= 2 * BAR);
  console.log(`the answer has ${answer.length} notes in two bars`);
  expect(answer.length).toBeGreaterThan(1);
});

test('a section comes again, varied', async ({ page }) => {
  await compose(page, 4);
  const before = await desk(page);
  const header = page.getByRole('application', { name: /Form, chords and bars/ });
  await header.focus();
  await page.keyboard.press('f');
  await page.getByRole('dialog', { name: 'Form letter' }).getByRole('button', { name: 'A', exact: true }).click();
  await header.focus();
  await page.keyboard.press('f');
  await page.getByRole('button', { name: 'Again, varied' }).click();
  // The first answer can be taken while the others are still being written.
  await expect(page.getByRole('button', { name: 'Take it: candidate 1' })).toBeVisible();
  await shot(page, '24-again-varied');
  await page.getByRole('button', { name: 'Take it: candidate 1' }).click();
  await expect(page.getByRole('region', { name: 'Candidates' })).toHaveCount(0);
  const after = await desk(page);
  expect(byPlace(after.notes.filter((note) => note.start < 4 * BAR))).toEqual(byPlace(before.notes));
  expect(after.notes.some((note) => note.start >= 4 * BAR)).toBe(true);
});
