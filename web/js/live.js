// The page of one live session: its connection, the figures below the picture, and chat.
import { tellExperience } from './experience.js';
import { Player } from './player.js';

const $ = (id) => document.getElementById(id);
const id = new URLSearchParams(location.search).get('id') ?? '';
const kMaxLines = 200;
const kRetryMs = [500, 1000, 2000, 5000];
const kNotFound = 4004, kConflict = 4005, kUnauthenticated = 4002, kEnded = 1000;

const player = new Player($('video'), (text) => {
  overlay(text);
  experience.failed();
});
const experience = tellExperience($('video'), id, latencyMs);
let socket = null;
let retries = 0;
let epoch = 0;
let clock = null;         // the last clock message
let clockOffsetMs = null; // server's clock minus ours, from the quickest message so far
let skipped = 0;
let wanted = true;

function state(name) {
  $('state').textContent = name;
  $('state').dataset.state = name;
}

function overlay(text) {
  $('overlay').hidden = text === '';
  $('overlay-text').textContent = text;
}

function token() {
  return sessionStorage.getItem('troupe.token') ?? '';
}

function hear(serverUs) {
  const offset = serverUs / 1000 - Date.now();
  // The message that travelled least shows the truest clock, and that is the largest offset.
  if (clockOffsetMs === null || offset > clockOffsetMs) clockOffsetMs = offset;
}

function line(entry) {
  const item = document.createElement('li');
  item.dataset.number = entry.number;
  const name = document.createElement('b');
  name.textContent = entry.name;
  item.append(name);
  if (entry.role) {
    const role = document.createElement('span');
    role.className = 'badge';
    role.textContent = entry.role;
    item.append(' ', role);
  }
  item.append(` ${entry.text}`);
  const lines = $('lines');
  const follow = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
  lines.append(item);
  while (lines.children.length > kMaxLines) lines.firstChild.remove();
  if (follow) lines.scrollTop = lines.scrollHeight;
}

function pin(entry) {
  $('pinned').hidden = !entry;
  $('pinned').textContent = entry ? `${entry.name}: ${entry.text}` : '';
}

function slowMode(seconds) {
  $('text').placeholder = seconds > 0 ? `Message (one every ${seconds} s)` : 'Message';
}

function react(counts) {
  for (const button of $('reactions').children) {
    const more = counts[button.value] ?? 0;
    if (more === 0) continue;
    const count = button.querySelector('output');
    count.textContent = Number(count.textContent) + more;
  }
}

function begin(hello) {
  hear(hello.wall_us);
  retries = 0;
  $('viewers').textContent = hello.viewers;
  state(hello.state);
  epoch = hello.epoch;
  if (hello.state !== 'live') {
    player.stop();
    overlay('Waiting for the publisher');
    return;
  }
  clock = null;
  const video = hello.tracks.find((track) => track.kind === 'video');
  $('picture').textContent = video ? `${video.width}×${video.height}, ${hello.tracks.map((track) => track.codecs).join(' + ')}` : 'sound only';
  overlay('');
  player.start(hello.tracks);
}

const handlers = {
  hello: begin,
  clock(message) {
    hear(message.wall_us);
    if (message.epoch === epoch) clock = message;
  },
  viewers(message) { $('viewers').textContent = message.count; },
  chat: line,
  chat_history(message) {
    $('lines').replaceChildren();
    message.lines.forEach(line);
    pin(message.pinned);
    slowMode(message.slow_mode_s);
  },
  chat_deleted(message) {
    for (const number of message.numbers) $('lines').querySelector(`[data-number="${Number(number)}"]`)?.remove();
  },
  chat_pinned(message) { pin(message.line); },
  chat_rules(message) { slowMode(message.slow_mode_s); },
  reactions(message) { react(message.counts); },
  skip(message) {
    skipped += message.count;
    $('skipped').textContent = skipped;
  },
  state(message) {
    state(message.state);
    overlay(message.state === 'ended' ? 'The session has ended' : 'Waiting for the publisher');
  },
  error(message) { $('notice').textContent = `${message.code}: ${message.detail}`; },
};

function connect() {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const query = token() ? `?access_token=${encodeURIComponent(token())}` : '';
  const ws = new WebSocket(`${scheme}://${location.host}/live/${encodeURIComponent(id)}/ws${query}`);
  socket = ws;
  ws.binaryType = 'arraybuffer';
  ws.onmessage = (event) => {
    if (typeof event.data !== 'string') return player.append(event.data);
    const message = JSON.parse(event.data);
    handlers[message.type]?.(message);
  };
  ws.onclose = (event) => {
    if (socket !== ws) return;
    if (event.code === kEnded || event.code === kConflict || event.code === kNotFound || event.code === kUnauthenticated) {
      wanted = false;
      state(event.code === kNotFound ? 'failed' : 'ended');
      overlay(event.reason || 'The session has ended');
      return;
    }
    state('reconnecting');
    overlay(event.reason ? `Reconnecting: ${event.reason}` : 'Reconnecting…');
    setTimeout(() => { if (wanted && socket === ws) connect(); }, kRetryMs[Math.min(retries++, kRetryMs.length - 1)]);
  };
}

/** Milliseconds from a picture's arrival at the server to now, for the picture on the screen. */
function latencyMs() {
  if (!clock || clockOffsetMs === null || $('video').readyState < 2) return null;
  const shownUs = $('video').currentTime * 1e6;
  const shownWallMs = (clock.media_wall_us - (clock.media_us - shownUs)) / 1000;
  return Date.now() + clockOffsetMs - shownWallMs;
}

setInterval(() => {
  player.follow();
  const latency = latencyMs();
  $('latency').textContent = latency === null ? '–' : `${(latency / 1000).toFixed(2)} s`;
  $('buffer').textContent = `${player.ahead().toFixed(2)} s`;
}, 250);

$('video').addEventListener('pause', () => { player.pausedByUser = !$('video').ended && $('video').readyState > 2; });
$('video').addEventListener('play', () => { player.pausedByUser = false; });

$('say').addEventListener('submit', (event) => {
  event.preventDefault();
  $('notice').textContent = '';
  const text = $('text').value.trim();
  if (!text || socket?.readyState !== WebSocket.OPEN) return;
  socket.send(JSON.stringify({ type: 'chat', name: $('name').value.trim(), text }));
  $('text').value = '';
});
$('reactions').addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (button && socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: 'react', reaction: button.value }));
});
$('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem('troupe.token', $('token').value.trim());
  $('token').value = '';
  reconnect();
});

function reconnect() {
  wanted = true;
  const old = socket;
  socket = null;
  old?.close();
  connect();
}

async function title() {
  const response = await fetch(`/api/v1/live/${encodeURIComponent(id)}`, token() ? { headers: { Authorization: `Bearer ${token()}` } } : {});
  if (!response.ok) return;
  const session = await response.json();
  $('title').textContent = session.title;
  document.title = `${session.title} – Troupe`;
}

title();
connect();
