// The health of one session: what comes in, second by second, as plots with a table beside them.
import { Plot, shown, spanOf } from './plot.js';

const $ = (id) => document.getElementById(id);
const kRefreshMs = 1000;
const kRetryMs = 5000;
const kKeepMs = 600_000;
const kDecodedGapMs = 20_000;  // key frames may be ten seconds apart
const kTableRows = 30;

const session = new URLSearchParams(location.search).get('id') ?? '';
const path = `/api/v1/live/${encodeURIComponent(session)}/health`;

const plots = [
  new Plot({ title: 'Bitrate', unit: 'kbit/s',
    lines: [{ member: 'video_kbit_per_s', name: 'picture' }, { member: 'audio_kbit_per_s', name: 'sound' }] }),
  new Plot({ title: 'Frame rate', unit: 'a second', lines: [{ member: 'frames_per_s' }] }),
  new Plot({ title: 'Key-frame interval', unit: 's', least: 2, lines: [{ member: 'key_interval_s' }] }),
  new Plot({ title: 'Drift against the server’s clock', unit: 'ms', least: 100, lines: [{ member: 'drift_ms' }] }),
  new Plot({ title: 'Picture behind sound', unit: 'ms', least: 100, lines: [{ member: 'av_offset_ms' }] }),
  new Plot({ title: 'Missing of the timeline', unit: 'ms', least: 100, lines: [{ member: 'gap_ms' }] }),
  new Plot({ title: 'Brightness', unit: '', fixed: [0, 1], gapMs: kDecodedGapMs, lines: [{ member: 'luma' }] }),
  new Plot({ title: 'Change between pictures', unit: '', fixed: [0, 0.2], gapMs: kDecodedGapMs, lines: [{ member: 'picture_change' }] }),
  new Plot({ title: 'Loudness', unit: 'LUFS', fixed: [-70, 0], gapMs: 3500,
    lines: [{ member: 'momentary_lufs', name: 'momentary' }, { member: 'short_term_lufs', name: 'short-term' }] }),
];
const columns = ['video_kbit_per_s', 'audio_kbit_per_s', 'frames_per_s', 'key_interval_s', 'drift_ms', 'av_offset_ms',
  'gap_ms', 'luma', 'picture_change', 'momentary_lufs'];

let samples = [];
let timer = null;

function state(name) {
  $('state').textContent = name;
  $('state').dataset.state = name;
}

function clock(ms) {
  return new Date(ms).toLocaleTimeString('en-GB');
}

const kAlerts = {
  bitrate_below: ['Bitrate', 'below', 'kbit/s'], bitrate_above: ['Bitrate', 'above', 'kbit/s'],
  frame_rate_below: ['Frame rate', 'below', 'a second'], key_interval_above: ['Key-frame interval', 'above', 's'],
  drift_above: ['Drift', 'above', 'ms'], black: ['Black picture', 'for', 's'], frozen: ['Frozen picture', 'for', 's'],
  silent: ['Silence', 'for', 's'], rebuffering_above: ['Rebuffering of viewers', 'above', 'of their time'],
  latency_above: ['Latency of viewers', 'above', 'ms'],
};

function describe({ kind, limit, since_ms: since }) {
  const [what, how, unit] = kAlerts[kind] ?? [kind, '', ''];
  return `${what} ${how} ${shown(limit)} ${unit}, since ${clock(since)}`;
}

/** Replaces what changed only, so that a screen reader says each alert once. */
function showAlerts(alerts) {
  const list = $('alerts');
  const known = new Map([...list.children].map((item) => [item.dataset.kind, item]));
  for (const alert of alerts) {
    const item = known.get(alert.kind) ?? document.createElement('li');
    const words = describe(alert);
    if (item.textContent !== words) item.textContent = words;
    item.dataset.kind = alert.kind;
    if (!known.delete(alert.kind)) list.append(item);
  }
  for (const gone of known.values()) gone.remove();
  $('calm').hidden = alerts.length > 0;
}

function showTable() {
  const rows = samples.slice(-kTableRows).reverse().map((sample) => {
    const row = document.createElement('tr');
    const head = document.createElement('th');
    head.scope = 'row';
    head.textContent = clock(sample.t_ms);
    row.append(head, ...columns.map((member) => {
      const cell = document.createElement('td');
      cell.textContent = shown(sample[member]);
      return cell;
    }));
    return row;
  });
  $('rows').replaceChildren(...rows);
}

function show(now) {
  samples = samples.filter((sample) => sample.t_ms >= now - kKeepMs);
  const from = now - spanOf(samples[0]?.t_ms ?? now, now);
  for (const plot of plots) plot.draw(samples, from, now);
  // While somebody reads it, it stays as it is.
  if ($('table').open && !$('table').contains(document.activeElement.closest('tbody'))) showTable();
  $('empty').hidden = samples.length > 0;
}

async function refresh() {
  const token = sessionStorage.getItem('troupe.token');
  $('sign-in').hidden = Boolean(token);
  if (!token) return state('signed out');
  const since = samples.at(-1)?.t_ms ?? 0;
  const reply = await fetch(`${path}?since=${since}`, { headers: { Authorization: `Bearer ${token}` } });
  const body = await reply.json();
  if (!reply.ok) {
    $('sign-in').hidden = reply.status !== 401 && reply.status !== 403;
    throw new Error(body.detail || reply.statusText);
  }
  $('notice').textContent = '';
  state(body.publishing ? 'live' : 'idle');
  samples.push(...body.samples);
  showAlerts(body.alerts ?? []);
  show(body.now_ms);
}

async function run() {
  clearTimeout(timer);
  let wait = kRefreshMs;
  try {
    if (!document.hidden) await refresh();
  } catch (error) {
    state('failed');
    $('notice').textContent = `Cannot load the health: ${error.message}`;
    wait = kRetryMs;
  }
  timer = setTimeout(run, wait);
}

$('plots').append(...plots.map((plot) => plot.figure));
$('watch').href = `/live.html?id=${encodeURIComponent(session)}`;
$('table').addEventListener('toggle', showTable);
$('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem('troupe.token', $('token').value);
  run();
});
document.addEventListener('visibilitychange', () => { if (!document.hidden) run(); });
run();
