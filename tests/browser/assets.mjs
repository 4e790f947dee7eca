// An asset of two publications in a real browser: the list, the page with the keyboard alone, hls.js and shaka-player; each
// plays from one publication into the next and seeks. Usage: node assets.mjs TROUPE WEB_DIR [PICTURE.png].
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { openPlayer } from './library_player.mjs';
import { onStage, problemsOf, sleep, until } from './stage.mjs';

const [program, web, screenshot] = process.argv.slice(2);
const kSeconds = 12;  // of each publication

/** Form fields and buttons that a screen reader could not name. */
function unnamed() {
  const name = (element) => element.labels?.[0]?.textContent || element.textContent || element.getAttribute('aria-label');
  return [...document.querySelectorAll('input, select, button, video')].filter((element) => !name(element)?.trim()).map((element) => element.id);
}

/** "red", "blue", or the numbers: the middle of what the video shows. */
function colour() {
  const video = document.getElementById('video');
  const canvas = document.createElement('canvas');
  canvas.width = 16;
  canvas.height = 9;
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0, 16, 9);
  const [red, , blue] = context.getImageData(8, 4, 1, 1).data;
  if (red > 150 && blue < 100) return 'red';
  return blue > 150 && red < 100 ? 'blue' : `${red} ${blue}`;
}
const shows = async (page, wanted) => {
  for (let i = 0; await page.evaluate(colour) !== wanted; ++i) {
    assert.ok(i < 300, `shows ${await page.evaluate(colour)}, not ${wanted}`);
    await sleep(50);
  }
};
const time = () => document.getElementById('video').currentTime;

async function publish(stage, root, path, colourName, index) {
  const file = join(stage.directory, `${index}.ts`);
  execFileSync('ffmpeg', ['-loglevel', 'error', '-f', 'lavfi', '-i', `color=${colourName}:size=320x180:rate=30`,
    '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000', '-t', String(kSeconds), '-c:v', 'libx264', '-preset', 'ultrafast',
    '-tune', 'zerolatency', '-g', '30', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-f', 'mpegts', file]);
  // Faster than it plays, slowly enough for thumbnails.
  const sender = spawn('ffmpeg', ['-loglevel', 'error', '-readrate', '3', '-i', file, '-c', 'copy', '-f', 'mpegts',
    '-content_type', 'video/mp2t', root + path], { stdio: ['ignore', 'ignore', 'inherit'] });
  assert.equal(await new Promise((resolve) => { sender.once('exit', resolve); }), 0);
}

/** From shortly before the second publication into it, then back. */
async function crossAndSeek(page, go) {
  await until(page, () => document.getElementById('video').readyState >= 2);
  await page.evaluate(go, 1);
  await shows(page, 'red');
  await page.evaluate(go, kSeconds - 2);
  await until(page, (end) => document.getElementById('video').currentTime > end + 2, kSeconds, 25);
  await shows(page, 'blue');
  await page.evaluate(go, 1);
  await until(page, () => document.getElementById('video').currentTime > 1.5 && document.getElementById('video').currentTime < 8, null, 25);
  await shows(page, 'red');
}
const jump = (seconds) => { document.getElementById('video').currentTime = seconds; };

async function playPage(context, root, asset) {
  const page = await context.newPage();
  const problems = problemsOf(page);
  await page.goto(`${root}/assets.html`);
  await until(page, () => document.querySelector('#assets a'));
  await page.focus('#assets a');
  await Promise.all([page.waitForURL('**/asset.html*'), page.keyboard.press('Enter')]);
  await until(page, () => document.getElementById('seek') && !document.getElementById('seek').disabled);
  assert.deepEqual(await page.evaluate(unnamed), []);
  assert.equal(await page.evaluate(() => document.getElementById('title').textContent), 'Two colours');
  await shows(page, 'red');
  await page.focus('#seek');
  for (let i = 0; i < kSeconds + 3; ++i) await page.keyboard.press('ArrowRight');
  assert.match(await page.evaluate(() => document.getElementById('seek').getAttribute('aria-valuetext')), /^0:15 of 0:2\d$/);
  await shows(page, 'blue');
  const box = await (await page.$('#seek')).boundingBox();
  await page.mouse.move(box.x + box.width * 0.2, box.y + box.height / 2);
  await until(page, () => !document.getElementById('preview').hidden && document.getElementById('preview').width === 320);
  if (screenshot) await page.screenshot({ path: screenshot });
  await page.evaluate(() => { document.getElementById('video').muted = true; return document.getElementById('video').play(); });
  await crossAndSeek(page, jump);
  await page.focus('#seek');
  await page.keyboard.press('End');
  await until(page, () => document.getElementById('video').ended, null, 25);
  assert.ok(await page.evaluate(time) > asset.seconds - 0.5, 'the end is where the asset ends');
  assert.deepEqual(problems, []);
  await page.close();
}

async function playHls(context, root, asset) {
  const page = await openPlayer(context, root, 'hls.js/dist/hls.min.js', `
    window.hls = new Hls();
    hls.on(Hls.Events.ERROR, (event, data) => { if (data.fatal) window.seen.errors.push(data.details); });
    hls.loadSource('${asset.hls_path}');
    hls.attachMedia(video);`);
  await crossAndSeek(page, jump);
  assert.deepEqual(await page.evaluate(() => window.seen.errors), []);
  assert.ok(Math.abs(await page.evaluate(() => document.getElementById('video').duration) - asset.seconds) < 0.5);
  await page.close();
}

async function playDash(context, root, asset) {
  const page = await openPlayer(context, root, 'shaka-player/dist/shaka-player.compiled.js', `
    shaka.polyfill.installAll();
    const player = new shaka.Player();
    player.addEventListener('error', (event) => window.seen.errors.push(event.detail.code + ' ' + event.detail.data.slice(0, 2).join(' ')));
    player.attach(video).then(() => player.load('${asset.dash_path}'))
      .catch((error) => window.seen.errors.push(String(error.code)));
    window.player = player;`);
  await crossAndSeek(page, jump);
  assert.deepEqual(await page.evaluate(() => window.seen.errors), []);
  assert.ok(Math.abs(await page.evaluate(() => window.player.seekRange().end) - asset.seconds) < 0.5);
  await page.close();
}

await onStage(async (stage) => {
  const { root, api } = await stage.troupe(program, web, ['live.record=whole', 'live.thumbnail_s=1']);
  const session = await api('POST', '/api/v1/live', { title: 'Two colours' });
  await publish(stage, root, session.ingest_path, 'red', 0);
  await publish(stage, root, session.ingest_path, 'blue', 1);
  const ended = await api('DELETE', `/api/v1/live/${session.id}`);
  let asset;
  for (let i = 0; asset?.state !== 'ready'; ++i) {
    asset = await api('GET', ended.asset_path);
    assert.ok(i < 400 && asset.state !== 'failed', JSON.stringify(asset));
    await sleep(50);
  }
  assert.equal(asset.publications, 2);
  assert.ok(Math.abs(asset.seconds - 2 * kSeconds) < 1, `${asset.seconds} s`);
  assert.ok(asset.thumbnails_path);
  const context = await stage.browser();
  await playPage(context, root, asset);
  await playHls(context, root, asset);
  await playDash(context, root, asset);
  console.log(`ok: ${asset.seconds} s of two publications on the page, in hls.js and in shaka-player`);
});
