// The page of one live session: its connection, the figures below the picture, and chat.
import { tellExperience } from './experience.js';
import { Player } from './player.js';
import { Cues } from './cues.js';
import { Party } from './party.js';
import { PollPanel } from './polls.js';
import { AutoQuality } from './quality.js';
import { Rewind } from './rewind.js';
import { rewindBar } from './rewind_bar.js';

const $ = (id) => document.getElementById(id);
const id = new URLSearchParams(location.search).get('id') ?? '';
const link = new URLSearchParams(location.search).get('link'); // that the page was opened by
const view = crypto.getRandomValues(new Uint32Array(4)).join('-'); // a reconnect takes its own place
const kMaxLines = 200;
const kLongestCueS = 15;
const kRetryMs = [500, 1000, 2000, 5000];
const kNotFound = 4004, kConflict = 4005, kUnauthenticated = 4002, kEnded = 1000, kCountry = 4451;

const player = new Player($('video'), (text) => {
  overlay(text);
  experience.failed();
}, () => auto.trouble(performance.now()));
const experience = tellExperience($('video'), id, latencyMs, withLink);
let socket = null;
let retries = 0;
let epoch = 0;
let clock = null;         // the last clock message
let clockOffsetMs = null; // server's clock minus ours, from the quickest message so far
let skipped = 0;
let wanted = true;
let tracks = [];          // of the publication
let renditions = [];      // of its picture, the best first
let watched = '';         // name of the one on the screen; empty: as published
let auto = new AutoQuality();
let captions = null;      // the page's text track, once there is something to show
let lastCue = null;
let rewind = null;        // while the picture is not live

const partyId = new URLSearchParams(location.search).get('party');
/** Begins a party; its address is that of the page from then on. */
async function startParty() {
  const response = await fetch(`/api/v1/live/${encodeURIComponent(id)}/parties`, { method: 'POST',
    headers: { Authorization: `Bearer ${token()}` } });
  if (!response.ok) {
    $('notice').textContent = `No party: ${response.status}`;
    return;
  }
  location.assign(withLink((await response.json()).watch_path));
}
$('start-party').addEventListener('click', startParty);

function offerParty() {
  $('start-party').hidden = partyId !== null || token() === '';
}

const party = partyId === null ? null : new Party((message) => {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
});

/** Milliseconds from the beginning of the publication and what is shown to now, by the server's clock. */
function behindMs() {
  if (clockOffsetMs === null || rewind || epoch === 0 || $('video').readyState < 2) return null;
  return Date.now() + clockOffsetMs - epoch / 1000 - $('video').currentTime * 1000;
}

/** In step with those who watch with us: tells what this page could do, and hears what all do. */
function together() {
  if (!party) return;
  const behind = behindMs();
  const slack = player.pace.slack();
  if (behind !== null && slack !== null) party.tell(epoch, behind, slack, performance.now());
  $('party').textContent = `${party.members}${party.target ? ', in step' : ''}`;
}
player.lateS = () => {
  if (party?.target?.epoch !== epoch) return null;
  const behind = behindMs();
  return behind === null ? 0 : party.lateS(epoch, behind);
};

const cues = new Cues($('video'));

/** With the link that the page was opened by, if it was. */
function withLink(address) {
  const url = new URL(address, location.href);
  if (link !== null && !url.searchParams.has('link')) url.searchParams.set('link', link);
  return url;
}

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
  $('party-fact').hidden = !party;
  offerParty();
  hear(hello.wall_us);
  retries = 0;
  $('viewers').textContent = hello.viewers;
  state(hello.state);
  if (epoch !== hello.epoch) cues.clear();
  epoch = hello.epoch;
  if (hello.state !== 'live') {
    player.stop();
    overlay('Waiting for the publisher');
    return;
  }
  clock = null;
  tracks = hello.tracks;
  watched = '';
  offer([]);
  leaveRewind();
  clearCaptions();
  showPicture(tracks.find((track) => track.kind === 'video'));
  overlay('');
  player.start(hello.tracks);
}

function showPicture(video) {
  const codecs = [video, ...tracks.filter((track) => track.kind !== 'video')].filter(Boolean).map((track) => track.codecs);
  $('picture').textContent = video ? `${video.width}×${video.height}, ${codecs.join(' + ')}` : 'sound only';
}

/** The quality menu: what the server offers. */
function offer(items) {
  renditions = items;
  const menu = $('quality');
  const chosen = menu.value || 'auto';
  const options = [new Option('Auto', 'auto')];
  for (const item of items) {
    const rate = item.kbit_per_s > 0 ? `, ${item.kbit_per_s} kbit/s` : ', as published';
    options.push(new Option(`${item.height}p${rate}`, item.name || 'published'));
  }
  menu.replaceChildren(...options);
  menu.value = options.some((option) => option.value === chosen) ? chosen : 'auto';
  menu.disabled = items.length < 2;
}

/** From `media_us` on the captions show `text`; nothing when it is empty. */
function caption(message) {
  if (message.epoch !== epoch || rewind) return;
  captions ??= $('video').addTextTrack('captions', 'Captions');
  const start = message.media_us / 1e6;
  if (lastCue && lastCue.endTime > start) lastCue.endTime = Math.max(lastCue.startTime, start);
  lastCue = null;
  if (message.text === '') return;
  lastCue = new VTTCue(start, start + kLongestCueS, message.text);
  captions.addCue(lastCue);
  while (captions.cues?.length > kMaxLines) captions.removeCue(captions.cues[0]);
}

function clearCaptions() {
  while (captions?.cues?.length > 0) captions.removeCue(captions.cues[0]);
  lastCue = null;
}

function leaveRewind() {
  rewind?.stop();
  rewind = null;
  bar.live();
}

/** Plays from that moment on; null: live again. */
function go(wallMs) {
  if (wallMs === null) {
    if (rewind) reconnect();
    return;
  }
  player.stop();
  rewind?.stop();
  cues.clear();
  state('rewound');
  overlay('');
  const mine = new Rewind($('video'), get, () => { if (rewind === mine) reconnect(); });
  rewind = mine;
  const name = encodeURIComponent(id);
  const [live, recording] = [`/live/${name}/`, `/api/v1/live/${name}/recordings/`].map((path) => new URL(path, location.href));
  mine.play(live, recording, tracks, wallMs).catch(() => {
    if (rewind === mine) reconnect();
  });
}

const get = (url) => fetch(withLink(url), token() ? { headers: { Authorization: `Bearer ${token()}` } } : {});
const bar = rewindBar({ bar: $('rewind-bar'), range: $('rewind'), preview: $('preview'), label: $('rewind-label'),
  button: $('to-live') }, id, { nowMs: () => (clockOffsetMs === null ? null : Date.now() + clockOffsetMs), get, go });

function ask(name) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: 'rendition', name }));
}

/** Leaves the choice to what playback is like. */
function adapt(latency) {
  if (rewind || $('quality').value !== 'auto' || renditions.length < 2 || document.hidden) return;
  const now = performance.now();
  if (latency !== null && !$('video').paused && !party) auto.latency(latency, now);
  const current = Math.max(0, renditions.findIndex((item) => item.name === watched));
  const next = auto.choose(current, renditions.length, now);
  if (next !== current) ask(renditions[next].name);
}

const handlers = {
  hello: begin,
  renditions(message) {
    offer(message.items);
    if ($('quality').value !== 'auto') chooseQuality();
  },
  caption,
  rendition(message) {
    watched = message.name;
    if (rewind) return;
    player.rendition(message);
    showPicture(message);
  },
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
  party(message) { party?.hear(message); },
  cue(message) { if (message.epoch === epoch && !rewind) cues.add(message); },
  poll(message) { polls.show(message); },
  voted(message) { polls.voted(message.poll, message.option); },
  chat_rules(message) { slowMode(message.slow_mode_s); },
  reactions(message) { react(message.counts); },
  skip(message) {
    skipped += message.count;
    $('skipped').textContent = skipped;
    auto.trouble(performance.now());
    auto.trouble(performance.now());
  },
  state(message) {
    state(message.state);
    overlay(message.state === 'ended' ? 'The session has ended' : 'Waiting for the publisher');
  },
  error(message) { $('notice').textContent = `${message.code}: ${message.detail}`; },
};

const polls = new PollPanel($('poll'), $('poll-status'), (poll, option) => {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: 'vote', poll, option }));
});

function connect() {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const asked = { ...((token() || link !== null) && { view }), ...(token() && { access_token: token() }),
    ...(partyId !== null && { party: partyId }), ...(link !== null && { link }) };
  const query = Object.keys(asked).length > 0 ? `?${new URLSearchParams(asked)}` : '';
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
    const refused = event.code === kUnauthenticated || event.code === kCountry || event.reason.startsWith('link_');
    if (event.code === kEnded || event.code === kConflict || event.code === kNotFound || refused) {
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
  if (clockOffsetMs === null || $('video').readyState < 2) return null;
  if (rewind) return rewind.shownMs() === null ? null : Date.now() + clockOffsetMs - rewind.shownMs();
  if (!clock) return null;
  const shownUs = $('video').currentTime * 1e6;
  const shownWallMs = (clock.media_wall_us - (clock.media_us - shownUs)) / 1000;
  return Date.now() + clockOffsetMs - shownWallMs;
}

setInterval(() => {
  player.follow();
  together();
  const latency = latencyMs();
  $('latency').textContent = latency === null ? '–' : `${(latency / 1000).toFixed(2)} s`;
  $('buffer').textContent = `${player.ahead().toFixed(2)} s`;
  adapt(latency);
}, 250);

$('video').addEventListener('pause', () => { player.pausedByUser = !$('video').ended && $('video').readyState > 2; });
$('video').addEventListener('play', () => { player.pausedByUser = false; });

function chooseQuality() {
  const value = $('quality').value;
  if (value === 'auto') auto = new AutoQuality();
  else ask(value === 'published' ? '' : value);
}
$('quality').addEventListener('change', chooseQuality);

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
  const response = await get(`/api/v1/live/${encodeURIComponent(id)}`);
  if (!response.ok) return;
  const session = await response.json();
  if (session.thumbnails_path) bar.start();
  $('title').textContent = session.title;
  document.title = `${session.title} – Troupe`;
}

title();
connect();
