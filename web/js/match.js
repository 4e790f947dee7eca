// The page of one match: its frames over WebSocket, drawn between ticks, and the standings.
import { colourOf } from './arena.js';
import { kGames } from './watch/games.js';

const $ = (id) => document.getElementById(id);
const id = new URLSearchParams(location.search).get('id') ?? '';
const kRetryMs = [500, 1000, 2000, 5000];
const kFinal = new Set([1000, 4002, 4003, 4004, 4005]); // ended, no token, not allowed, no such match, over
const kStandingsMs = 1000;

let game = null;       // of kGames; null: not known yet, or not to be drawn
let picture = null;
let hello = null;
let frames = [];       // the last two, with the time at which each came
let names = new Map(); // of slots
let missed = 0;
let retries = 0;

function state(name) {
  $('state').textContent = name;
  $('state').dataset.state = name;
}

function overlay(text) {
  $('overlay').hidden = text === '';
  $('overlay-text').textContent = text;
}

function authorised() {
  const token = sessionStorage.getItem('troupe.token');
  return token ? { headers: { Authorization: `Bearer ${token}` } } : {};
}

function hear(message) {
  if (message.type === 'hello') {
    hello = message;
    retries = 0;
    watch(message);
    if (!game) return;
    $('delay').textContent = `${(message.delay_ms / 1000).toFixed(1)} s late`;
    overlay(message.delay_ms > 0 ? `The first picture comes in ${(message.delay_ms / 1000).toFixed(0)} s` : '');
  } else if (message.type === 'ended') {
    state('ended');
    const best = message.result.filter((row) => row.place === 1).map((row) => row.player).join(', ');
    overlay(best ? `The match is over. First: ${best}` : 'The match is over');
  }
}

function watch({ game: name, size, tick_hz }) {
  game = Object.hasOwn(kGames, name) ? kGames[name] : null;
  $('play').hidden = name !== 'arena';
  if (!game) {
    state('failed');
    overlay(`Matches of ${name} have no picture here`);
    return;
  }
  picture = game.picture($('arena'), size, tick_hz);
  $('arena').setAttribute('aria-label', game.label);
  $('fact-name').textContent = game.factName;
  $('column').textContent = game.column;
}

function show(bytes) {
  if (!game) return;
  const frame = game.decode(bytes, hello.tick_hz);
  const last = frames.at(-1);
  if (last && frame.tick > last.frame.tick + 1) missed += frame.tick - last.frame.tick - 1;
  if (last && frame.tick <= last.frame.tick) frames = []; // the match went back to a checkpoint
  frames = [...frames.slice(-1), { frame, at: performance.now() }];
  state('live');
  overlay('');
  $('tick').textContent = frame.tick;
  $('shots').textContent = game.fact(frame);
  $('missed').textContent = missed;
  if (frame.tick % 8 === 0) standings(frame);
}

function standings(frame) {
  const rows = [...frame.players].sort((a, b) => b.score - a.score || a.slot - b.slot).map((player) => {
    const row = document.createElement('tr');
    const name = document.createElement('th');
    name.scope = 'row';
    name.textContent = names.get(player.slot) ?? `slot ${player.slot}`;
    name.style.color = colourOf(player.slot);
    const note = document.createElement('td');
    note.textContent = player.note;
    const score = document.createElement('td');
    score.textContent = player.score;
    row.append(name, note, score);
    return row;
  });
  $('standings').replaceChildren(...rows);
}

async function refreshNames() {
  if (document.hidden) return;
  try {
    const response = await fetch(`/api/v1/matches/${encodeURIComponent(id)}`, authorised());
    if (!response.ok) return;
    const { roster = [] } = await response.json();
    names = new Map(roster.map((row) => [row.slot, row.player]));
  } catch { /* the next time */ }
}

function draw() {
  requestAnimationFrame(draw);
  if (!game || frames.length === 0) return;
  const [from, to] = frames.length === 2 ? frames : [frames[0], frames[0]];
  const part = Math.min(1, (performance.now() - to.at) * hello.tick_hz / 1000);
  picture.draw(game.between(from.frame, to.frame, part), names);
}

function connect() {
  const token = sessionStorage.getItem('troupe.token');
  const query = token ? `?access_token=${encodeURIComponent(token)}` : '';
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const socket = new WebSocket(`${scheme}://${location.host}/api/v1/matches/${encodeURIComponent(id)}/watch${query}`);
  socket.binaryType = 'arraybuffer';
  socket.onmessage = ({ data }) => (typeof data === 'string' ? hear(JSON.parse(data)) : show(data));
  socket.onclose = ({ code, reason }) => {
    if (kFinal.has(code)) {
      if (code !== 1000) {
        state('failed');
        overlay(reason || 'This match cannot be watched');
      }
      return;
    }
    state('reconnecting');
    setTimeout(connect, kRetryMs[Math.min(retries++, kRetryMs.length - 1)]);
  };
}

$('play').href = `/play.html?id=${encodeURIComponent(id)}`;
refreshNames();
setInterval(refreshNames, kStandingsMs);
connect();
draw();
