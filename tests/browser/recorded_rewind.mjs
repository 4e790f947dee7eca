// Going back on the live page beyond the window in memory: what is only recorded plays, leads into the window, and the way
// back to live is open. Usage: node recorded_rewind.mjs TROUPE WEB_DIR.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { onStage, problemsOf, sleep, until } from './stage.mjs';

const [program, web] = process.argv.slice(2);
const kWindowS = 10, kRedS = 8;

/** "red", "blue", or the numbers: the middle of what the video shows. */
function colour() {
  const canvas = document.createElement('canvas');
  canvas.width = 16;
  canvas.height = 9;
  const context = canvas.getContext('2d');
  context.drawImage(document.getElementById('video'), 0, 0, 16, 9);
  const [red, , blue] = context.getImageData(8, 4, 1, 1).data;
  if (red > 150 && blue < 100) return 'red';
  return blue > 150 && red < 100 ? 'blue' : `${red} ${blue}`;
}
const shows = async (page, wanted, seconds = 20) => {
  for (let i = 0; await page.evaluate(colour) !== wanted; ++i) {
    assert.ok(i < seconds * 20, `shows ${await page.evaluate(colour)}, not ${wanted}`);
    await sleep(50);
  }
};
const state = () => document.getElementById('state').textContent;

await onStage(async (stage) => {
  const { root, api } = await stage.troupe(program, web, [`live.rewind_s=${kWindowS}`, 'live.thumbnail_s=1', 'live.segment_ms=1000']);
  const session = await api('POST', '/api/v1/live', { title: 'From red to blue' });
  stage.run('ffmpeg', ['-loglevel', 'error', '-re', '-f', 'lavfi', '-i',
    `color=red:size=320x180:rate=30,drawbox=color=blue:t=fill:enable='gte(t,${kRedS})'`,
    '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000', '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency',
    '-g', '30', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-f', 'mpegts', '-content_type', 'video/mp2t', root + session.ingest_path],
  { stdio: ['ignore', 'ignore', 'inherit'] });
  const began = Date.now();
  const context = await stage.browser();
  const page = await context.newPage();
  const problems = problemsOf(page);
  // The red has left the window.
  while (Date.now() < began + (kRedS + kWindowS + 4) * 1000) await sleep(200);
  await page.goto(`${root}/live.html?id=${session.id}`);
  await shows(page, 'blue');
  await until(page, (least) => Number(document.getElementById('rewind').min) < -least, kWindowS + 4, 40);
  await page.focus('#rewind');
  await page.keyboard.press('Home');
  await shows(page, 'red');
  assert.equal(await page.evaluate(state), 'rewound');
  const from = await page.evaluate(() => document.getElementById('video').currentTime);
  await shows(page, 'blue', 30);
  await until(page, (at) => document.getElementById('video').currentTime > at, from + kRedS + kWindowS, 60);
  assert.equal(await page.evaluate(state), 'rewound', 'from the recording into the window without a jump');
  await page.click('#to-live');
  await until(page, () => document.getElementById('state').textContent === 'live');
  assert.deepEqual(problems, []);
  console.log('ok: back beyond the window, and forward into it');
});
