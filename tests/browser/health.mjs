// The health page of a session that is on: plots that grow, the table beside them, and who may see them.
// Usage: node health.mjs SERVER_PROGRAM WEB_DIR; SCREENSHOT=file takes a picture.
import assert from 'node:assert/strict';
import { onStage, problemsOf, until } from './stage.mjs';

const [program, web] = process.argv.slice(2);

await onStage(async (stage) => {
  const { port, session, token, owner_token: owner } = await stage.serve(program, [web]);
  const context = await stage.browser();
  const page = await context.newPage();
  const problems = problemsOf(page);
  await page.goto(`http://127.0.0.1:${port}/health.html?id=${session}`);

  // By keyboard alone, as the owner.
  await until(page, () => !document.getElementById('sign-in').hidden);
  await page.focus('#token');
  await page.keyboard.type(owner);
  await page.keyboard.press('Enter');
  await until(page, () => document.getElementById('state').textContent === 'live');
  const shownPlots = () => [...document.querySelectorAll('.plot')].filter((plot) => !plot.hidden).map((plot) =>
    plot.querySelector('svg').getAttribute('aria-label'));
  await until(page, () => [...document.querySelectorAll('.plot:not([hidden]) .line-0')]
    .some((line) => (line.getAttribute('d').match(/L/g) ?? []).length >= 3));
  const labels = await page.evaluate(shownPlots);
  assert.match(labels[0], /^Bitrate, last ten minutes; now picture [\d,]+ kbit\/s, sound [\d.,]+ kbit\/s$/);
  assert.match(labels[1], /^Frame rate, last ten minutes; now [\d.]+ a second$/);
  assert.ok(labels.length >= 6, labels.join('\n'));

  await page.focus('summary');
  await page.keyboard.press('Enter');
  await until(page, () => document.querySelectorAll('#rows tr').length >= 3);
  const cells = await page.evaluate(() => document.querySelectorAll('#rows tr:first-child > *').length);
  assert.equal(cells, await page.evaluate(() => document.querySelectorAll('thead th').length));
  const rows = await page.evaluate(() => document.querySelectorAll('#rows tr').length);
  await until(page, (before) => document.querySelectorAll('#rows tr').length > before, rows);
  // An alert, by a rule that any stream breaks.
  const set = await fetch(`http://127.0.0.1:${port}/api/v1/live/${session}/alerts`, { method: 'PUT',
    headers: { Authorization: `Bearer ${owner}`, 'Content-Type': 'application/json' }, body: '{"frame_rate_below":200,"raise_after_s":1}' });
  assert.equal(set.status, 200);
  await until(page, () => document.getElementById('alerts').textContent.startsWith('Frame rate below 200 a second, since'));
  assert.equal(await page.evaluate(() => document.getElementById('calm').hidden), true);
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT, fullPage: true });
  assert.deepEqual(problems, []);

  await page.setViewportSize({ width: 360, height: 700 });
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${over} pixels wider than a phone`);

  // Who only watches is told so.
  await page.evaluate((other) => sessionStorage.setItem('troupe.token', other), token);
  await page.reload();
  await until(page, () => document.getElementById('notice').textContent.includes('only the owner'));
  assert.equal(await page.evaluate(() => document.getElementById('sign-in').hidden), false);
  console.log('ok: health page');
});
