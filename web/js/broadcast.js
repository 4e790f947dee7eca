// The broadcaster's page: a source, a preview, and a publication that is begun anew when the line was too thin or broke.
import { openSource, recordingType } from './broadcast_sources.js';
import { Uplink } from './broadcast_uplink.js';

const $ = (id) => document.getElementById(id);
const kSliceMs = 100;
const kKeyFrameMs = 1000;
const kRetryMs = [500, 1000, 2000, 5000];
const kHealthMs = 2000;

let source = null;        // {stream, stop}
let onAir = null;         // {session, key, mime, kbit, uplink, recorder, ...} while the user wants to be on air
let droppedMs = 0;

function state(name) {
  $('state').textContent = name;
  $('state').dataset.state = name;
}

function notice(text) { $('notice').textContent = text; }

function release() {
  for (const track of source?.stream.getTracks() ?? []) track.stop();
  source?.stop();
  source = null;
}

async function look() {
  const kind = new FormData($('source')).get('source');
  release();
  try {
    source = await openSource(kind, Number($('height').value));
  } catch (error) {
    notice(`No picture: ${error.message}`);
    return;
  }
  notice('');
  $('preview').srcObject = source.stream;
  $('overlay').hidden = true;
  // The user may end it by the browser's own button.
  source.stream.getVideoTracks()[0].addEventListener('ended', () => {
    if (onAir) stop();
    $('overlay').hidden = false;
  });
}

/** A recorder writes one stream without a hole: after a break there has to be a new one. */
function begin(air) {
  if (onAir !== air) return;
  air.brokenAt ??= null;
  const recorder = new MediaRecorder(source.stream, { mimeType: air.mime, videoBitsPerSecond: air.kbit * 1000,
    audioBitsPerSecond: 96_000, videoKeyFrameIntervalDuration: kKeyFrameMs });
  const again = (wait) => {
    air.brokenAt ??= performance.now();
    if (recorder.state !== 'inactive') recorder.stop();
    setTimeout(() => begin(air), wait);
  };
  const uplink = new Uplink({ session: air.session, key: air.key, mime: air.mime, events: {
    started() {
      if (onAir === air) recorder.start(kSliceMs);
    },
    live(tracks) {
      air.retries = 0;
      air.liveSince ??= performance.now();
      if (air.brokenAt !== null) droppedMs += performance.now() - air.brokenAt;
      air.brokenAt = null;
      $('codecs').textContent = tracks.map((track) => track.codecs).join(' + ');
      state('live');
    },
    overrun() {
      state('too slow');
      again(kRetryMs[0]);
    },
    closed({ reason, fatal, code }) {
      if (onAir !== air) return;
      if (fatal) {
        notice(`Refused: ${reason} (${code})`);
        end('failed');
        return;
      }
      state('reconnecting');
      notice(reason);
      again(kRetryMs[Math.min(air.retries++, kRetryMs.length - 1)]);
    },
  } });
  let order = Promise.resolve();
  recorder.ondataavailable = (event) => {
    order = order.then(async () => uplink.send(await event.data.arrayBuffer()));
  };
  recorder.onstop = () => { order = order.then(() => uplink.finish()); };
  air.uplink = uplink;
  air.recorder = recorder;
  air.sentAt = { bytes: 0, ms: performance.now() };
}

async function start() {
  const mime = globalThis.MediaRecorder ? recordingType((type) => MediaRecorder.isTypeSupported(type)) : null;
  if (!mime) return notice('This browser records no codec that viewers could play (H.264 or VP9 are needed).');
  if (!source) await look();
  if (!source) return;
  notice('');
  droppedMs = 0;
  onAir = { session: $('session').value.trim(), key: $('key').value.trim(), mime, kbit: Number($('kbit').value), retries: 0 };
  $('start').disabled = true;
  $('stop').disabled = false;
  $('watch-link').hidden = false;
  $('watch-link').firstElementChild.href = `/live.html?id=${encodeURIComponent(onAir.session)}`;
  state('connecting');
  begin(onAir);
}

function end(how) {
  const air = onAir;
  onAir = null;
  if (air?.recorder?.state === 'recording') air.recorder.stop();  // its last piece, then the uplink's end
  else air?.uplink?.abandon();
  $('start').disabled = false;
  $('stop').disabled = true;
  state(how);
}

function stop() { end('idle'); }

async function make() {
  notice('');
  const token = $('token').value.trim() || sessionStorage.getItem('troupe.token') || '';
  if (token) sessionStorage.setItem('troupe.token', token);
  const reply = await fetch('/api/v1/live', { method: 'POST', body: JSON.stringify({ title: $('title').value.trim() || 'Live' }),
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' } });
  const body = await reply.json();
  if (!reply.ok) return notice(body.detail ?? `The server said ${reply.status}`);
  $('session').value = body.id;
  $('key').value = body.publish_key;
  $('token').value = '';
}

function showUplink() {
  if (!onAir?.uplink) return;
  const now = performance.now();
  const { uplink, sentAt } = onAir;
  const kbit = (uplink.sent - sentAt.bytes) * 8 / Math.max(1, now - sentAt.ms);
  onAir.sentAt = { bytes: uplink.sent, ms: now };
  const missing = droppedMs + (onAir.brokenAt ? now - onAir.brokenAt : 0);
  $('bitrate').textContent = `${Math.round(kbit)} kbit/s`;
  $('waiting').textContent = `${Math.round(uplink.waiting / 1024)} KiB`;
  $('dropped').textContent = `${(missing / 1000).toFixed(missing > 0 ? 1 : 0)} s`;
  $('time').textContent = onAir.liveSince ? `${Math.round((now - onAir.liveSince) / 1000)} s` : '–';
}

async function showHealth() {
  if (!onAir) return;
  const token = sessionStorage.getItem('troupe.token');
  const reply = await fetch(`/api/v1/live/${encodeURIComponent(onAir.session)}`,
    { headers: token ? { Authorization: `Bearer ${token}` } : {} }).catch(() => null);
  if (!reply?.ok) return;
  const { publisher, viewers } = await reply.json();
  $('health').href = `/health.html?id=${encodeURIComponent(onAir.session)}`;
  $('health').hidden = false;
  $('viewers').textContent = viewers;
  if (!publisher) return;
  $('arrives').textContent = `${Math.round(publisher.kbit_per_s)} kbit/s`;
  $('pictures').textContent = `${publisher.frames_per_s.toFixed(1)} /s`;
  $('keys').textContent = `each ${publisher.key_interval_s.toFixed(1)} s`;
  $('drift').textContent = `${Math.round(publisher.drift_ms)} ms`;
}

for (const [form, act] of [['source', look], ['publish', start], ['make', make]]) {
  $(form).addEventListener('submit', (event) => {
    event.preventDefault();
    act();
  });
}
$('stop').addEventListener('click', stop);
addEventListener('pagehide', () => onAir?.uplink?.abandon());
$('session').value = new URLSearchParams(location.search).get('id') ?? '';
setInterval(showUplink, 1000);
setInterval(showHealth, kHealthMs);
state('idle');
