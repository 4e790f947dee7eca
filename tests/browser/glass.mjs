// Glass to glass: a clock drawn in the picture, x264 zerolatency, a real `troupe serve`, the live page in Chromium; how
// old is each picture when the browser presents it. The clock is binary, so that a canvas can read it.
// Usage: node glass.mjs TROUPE_PROGRAM WEB_DIR [--help]
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { onStage, sleep } from './stage.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    'warm-up': { type: 'string', default: '10' },
    'chunk-ms': { type: 'string', default: '0' },
    ingest: { type: 'string', default: 'rtmp' },
    player: { type: 'string', default: 'page' },
    sound: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (options.help || positionals.length !== 2) {
  console.log(`usage: ./dev bench glass [--player page|hls] [--ingest rtmp|srt] [--sound] [--chunk-ms N] [--seconds N] [--warm-up N] [--quick] [--json FILE]

Milliseconds from the moment a picture is drawn to the moment Chromium presents it on the live page, or in hls.js.
--sound sends AAC too. --chunk-ms is the server's live.chunk_ms; 0 (the default here) is a chunk for each picture.
--quick: 20 s after 5 s of warm-up.`);
  process.exit(options.help ? 0 : 2);
}
const seconds = options.quick ? 20 : Number(options.seconds);
const warmUp = options.quick ? 5 : Number(options['warm-up']);

const kSampleRate = 48_000;
const [kWidth, kHeight, kRate, kBlock, kBits] = [640, 360, 30, 20, 32];

/** A yuv420p picture with `ms` as 32 black or white blocks in the top row, over a moving bar. */
function draw(picture, ms, frame) {
  picture.fill(96, 0, kWidth * kHeight);
  picture.fill(128, kWidth * kHeight);
  const bar = (frame * 7) % (kWidth - 40);
  for (let y = kBlock * 2; y < kHeight; ++y) picture.fill(200, y * kWidth + bar, y * kWidth + bar + 40);
  for (let bit = 0; bit < kBits; ++bit) {
    const shade = (Math.floor(ms / 2 ** bit) & 1) === 1 ? 235 : 16;
    for (let y = 0; y < kBlock; ++y) {
      picture.fill(shade, y * kWidth + bit * kBlock, y * kWidth + (bit + 1) * kBlock);
    }
  }
}

/** Draws 30 pictures a second into ffmpeg until `stop.now`. */
async function film(encoder, stop) {
  const picture = Buffer.alloc(kWidth * kHeight * 3 / 2);
  // 440 Hz would not fit whole into a picture's time; 450 does.
  const hum = Buffer.from(Int16Array.from({ length: kSampleRate / kRate },
    (_, i) => 8000 * Math.sin(2 * Math.PI * 450 * i / kSampleRate)).buffer);
  const began = performance.now();
  for (let frame = 0; !stop.now; ++frame) {
    const wait = began + frame * 1000 / kRate - performance.now();
    if (wait > 0) await sleep(wait);
    draw(picture, Date.now() % 2 ** 32, frame);
    if (options.sound) encoder.stdio[3].write(hum);
    if (!encoder.stdin.write(Buffer.from(picture))) {
      await new Promise((resolve) => { encoder.stdin.once('drain', resolve); });
    }
  }
}

function encode(stage, ports, session) {
  const [format, url] = options.ingest === 'srt'
    ? ['mpegts', `srt://127.0.0.1:${ports.srt}?streamid=#!::r=live/${session.id},m=publish,s=${session.publish_key}`]
    : ['flv', `${session.rtmp_server}/${session.rtmp_stream_key}`];
  // Little probing: what it takes would make one input late against the other for good.
  const atOnce = ['-probesize', '32', '-analyzeduration', '0'];
  const sound = options.sound ? [...atOnce, '-f', 's16le', '-ar', `${kSampleRate}`, '-ac', '1', '-i', 'pipe:3'] : [];
  return stage.run('ffmpeg', ['-loglevel', 'error',
    ...atOnce, '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${kWidth}x${kHeight}`, '-r', String(kRate), '-i', 'pipe:0',
    ...sound,
    '-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-g', String(kRate), '-threads', '1',
    '-c:a', 'aac', '-b:a', '96k', '-flush_packets', '1', '-muxdelay', '0', '-f', format, url],
  { stdio: ['pipe', 'ignore', 'inherit', 'pipe'] });
}

/** In the page: reads the clock of each presented picture into window.ages. */
function watch({ block, bits }) {
  const video = document.getElementById('video');
  const canvas = new OffscreenCanvas(block * bits, block);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  window.ages = [];
  window.stalls = 0;
  video.addEventListener('waiting', () => { ++window.stalls; });
  const look = (now, frame) => {
    const seen = performance.timeOrigin + Math.max(frame.expectedDisplayTime, performance.now());
    context.drawImage(video, 0, 0, block * bits, block, 0, 0, block * bits, block);
    const { data } = context.getImageData(0, block / 2, block * bits, 1);
    let ms = 0;
    for (let bit = bits - 1; bit >= 0; --bit) ms = ms * 2 + (data[(bit * block + block / 2) * 4] > 128 ? 1 : 0);
    window.ages.push((seen % 2 ** 32) - ms);
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
}

/** The live page, or an empty page with hls.js. */
async function open(page, root, session) {
  if (options.player === 'page') return page.goto(`${root}/live.html?id=${session.id}`);
  const library = await readFile(new URL('node_modules/hls.js/dist/hls.min.js', import.meta.url));
  await page.route(`${root}/hls.js`, (route) => route.fulfill({ contentType: 'text/javascript', body: library }));
  await page.route(`${root}/player.html`, (route) => route.fulfill({ contentType: 'text/html', body: `<!doctype html>
    <title>player</title><video id="video" muted autoplay width="640" height="360"></video><script src="/hls.js"></script>
    <script>
      const hls = new Hls({ lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.1 });
      hls.loadSource('/live/${session.id}/index.m3u8');
      hls.attachMedia(document.getElementById('video'));
    </script>` }));
  // A player is told of nothing that is not on the air.
  const until = Date.now() + 20_000;
  while (!(await fetch(`${root}/live/${session.id}/index.m3u8`)).ok) {
    if (Date.now() > until) throw new Error('the session is not on the air after 20 s');
    await sleep(100);
  }
  return page.goto(`${root}/player.html`);
}

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];

async function measure(stage, [program, web]) {
  const { ports, root, api } = await stage.troupe(program, web, [`live.chunk_ms=${options['chunk-ms']}`]);
  const session = await api('POST', '/api/v1/live', { title: 'glass to glass' });
  const encoder = encode(stage, ports, session);
  const stop = { now: false };
  for (const pipe of [encoder.stdin, encoder.stdio[3]]) pipe.on('error', () => { stop.now = true; });
  film(encoder, stop);
  const page = await (await stage.browser()).newPage();
  await open(page, root, session);
  await sleep(warmUp * 1000);
  await page.evaluate(watch, { block: kBlock, bits: kBits });
  await sleep(seconds * 1000);
  const { ages, stalls } = await page.evaluate(() => ({ ages: window.ages, stalls: window.stalls }));
  stop.now = true;
  return { ages: ages.sort((a, b) => a - b), stalls };
}

await onStage(async (stage) => {
  const { ages, stalls } = await measure(stage, positionals);
  if (ages.length < seconds * kRate / 2) throw new Error(`only ${ages.length} pictures were presented`);
  const metrics = { pictures: ages.length, glass_p50_ms: quantile(ages, 0.5), glass_p95_ms: quantile(ages, 0.95),
    glass_p99_ms: quantile(ages, 0.99), glass_max_ms: ages.at(-1), stalls };
  console.log('glass');
  for (const [name, value] of Object.entries(metrics)) console.log(`  ${name.padEnd(16)} ${value.toFixed(1).padStart(10)}`);
  if (options.json) await writeFile(options.json, `${JSON.stringify({ bench: 'glass', metrics })}\n`);
});
