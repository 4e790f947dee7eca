// A poll on the live page: two pages vote, one with the keyboard alone, both see the sums. Usage: node polls.mjs
// SERVER_PROGRAM WEB_DIR.
import assert from 'node:assert/strict';
import { onStage, problemsOf, until } from './stage.mjs';

const [program, web] = process.argv.slice(2);

await onStage(async (stage) => {
  const { port, session, token, owner_token } = await stage.serve(program, [web]);
  const root = `http://127.0.0.1:${port}`;
  const api = (method, path, body) => fetch(`${root}/api/v1/live/${session}/polls${path}`, { method,
    body: body && JSON.stringify(body),
    headers: { Authorization: `Bearer ${owner_token}`, 'Content-Type': 'application/json' } });
  const context = await stage.browser();
  const page = await context.newPage();
  const problems = problemsOf(page);
  await page.goto(`${root}/live.html?id=${session}`);
  await page.fill('#token', token);
  await page.click('#sign-in button');
  await until(page, () => document.getElementById('state').textContent === 'live');
  assert.ok(await page.evaluate(() => document.getElementById('poll').hidden), 'no poll yet');

  const opened = await api('POST', '', { question: 'Which cup?', options: ['The red one', 'The blue one', 'Neither'] });
  assert.equal(opened.status, 201);

  await until(page, () => document.querySelector('#poll legend').textContent === 'Which cup?');
  await until(page, () => document.getElementById('poll-status').textContent === 'Poll: Which cup?');
  await page.focus('#poll input');
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await until(page, () => document.getElementById('poll-status').textContent === 'You voted for The blue one');
  const votes = (i) => document.querySelector(`#poll [data-option="${i}"] output`).textContent === '1';
  await until(page, votes, 1, 5);

  const owner = await context.newPage();
  await owner.addInitScript((value) => sessionStorage.setItem('troupe.token', value), owner_token);
  await owner.goto(`${root}/live.html?id=${session}`);
  await until(owner, () => document.querySelector('#poll legend').textContent === 'Which cup?');
  await owner.click('#poll [data-option="0"] input');
  await owner.click('#poll button');
  await until(page, votes, 0, 5);
  await owner.click('#poll [data-option="1"] input');
  await owner.click('#poll button');
  await until(page, () => document.querySelector('#poll [data-option="1"] output').textContent === '2', null, 5);
  await owner.close();

  assert.equal((await api('POST', '/1/close')).status, 200);
  await until(page, () => document.getElementById('poll-status').textContent === 'Poll closed: The blue one, 2 of 2');
  assert.ok(await page.evaluate(() => document.querySelector('#poll button').hidden));
  assert.deepEqual(problems, []);
  console.log('ok: two pages voted');
});
