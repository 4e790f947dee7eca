// The match page in a real browser, at a real server whose matches bots play: the list leads to it, the picture moves, names
// and scores are shown, and the console stays clean; of the arena, and of ball. Usage: node match.mjs TROUPE TROUPE_SIM WEB_DIR
// [PICTURE.png].
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { onStage, problemsOf, until } from './stage.mjs';

/** What the page says of the game, once something happens. */
const kFacts = { arena: '^[1-9]', ball: '^\\d+ : \\d+$' };

const [program, sim, web, screenshot] = process.argv.slice(2);

/** A sum over the pixels of the canvas: another picture, another sum. */
function picture() {
  const canvas = document.getElementById('arena');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let sum = 0;
  for (let i = 0; i < data.length; i += 4) sum = (sum * 31 + data[i] + 2 * data[i + 1] + 3 * data[i + 2]) % 1000000007;
  return sum;
}

const watch = (game) => onStage(async (stage) => {
  const { ports, root, data } = await stage.troupe(program, web, ['match.spectator_delay_ms=200']);
  stage.run(sim, ['match', '--http-port', ports.http, '--game-port', ports.game, '--secret-file', join(data, 'token.key'),
    '--game', game, '--bots', '8', '--per-match', '8', '--seconds', '60', '--report-dir', join(stage.directory, 'report')].map(String),
  { stdio: 'ignore' });
  const page = await (await stage.browser()).newPage();
  const problems = problemsOf(page);

  await page.goto(`${root}/matches.html`);
  await until(page, () => document.querySelectorAll('#matches a').length === 1);
  await page.click('#matches a');
  await until(page, () => document.getElementById('state').textContent === 'live');
  await until(page, () => document.querySelectorAll('#standings tr').length === 8);
  await until(page, () => document.getElementById('standings').textContent.includes('bot'));

  const from = await page.evaluate(() => Number(document.getElementById('tick').textContent));
  await until(page, (tick) => Number(document.getElementById('tick').textContent) > tick + 60, from);
  const before = await page.evaluate(picture);
  const began = Date.now();
  while (await page.evaluate(picture) === before) assert.ok(Date.now() < began + 5000, 'the picture stands still');
  await until(page, (pattern) => new RegExp(pattern).test(document.getElementById('shots').textContent), kFacts[game]);
  if (screenshot && game === 'arena') await page.screenshot({ path: screenshot });
  assert.deepEqual(problems, []);
});

for (const game of Object.keys(kFacts)) await watch(game);
