// The page on which a match is played: connection, drawing, standings.
import { Arena, colourOf } from '../arena.js';
import { GameClient } from './client.js';
import { Input } from './input.js';
import { Lobby } from './lobby.js';
import { kArena, kWalls } from './walls.js';

const $ = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const mode = query.get('mode'); // a match is to be found first
let id = query.get('id') ?? '';
const kBehindTicks = 2;   // the others are drawn so far behind the server, so that there is one to draw towards
const kNamesMs = 1000, kFactsMs = 250;
const kFinalStatus = new Set([400, 401, 403, 404, 409]);

const arena = new Arena($('arena'), kArena, kWalls);
const input = new Input($('arena'));
let client = null;
let names = new Map(); // of slots
let ownScore = null, ownAlive = true;

const token = () => sessionStorage.getItem('troupe.token') ?? '';
const authorised = () => (token() ? { headers: { Authorization: `Bearer ${token()}` } } : {});

function overlay(text) {
  $('overlay').hidden = text === '';
  $('overlay-text').textContent = text;
}

function tell(text) {
  const line = document.createElement('span');
  line.textContent = `${text}. `;
  $('news').append(line);
  while ($('news').children.length > 20) $('news').firstChild.remove();
}

/** Where to connect, and with what: asked for every connection. */
const ticket = () => ticketFrom(`/api/v1/matches/${encodeURIComponent(id)}/join`);

async function ticketFrom(path) {
  const response = await fetch(path, { method: 'POST', ...authorised() });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    if (response.status === 401) $('sign-in').hidden = false;
    throw Object.assign(new Error(body.detail || body.title || response.statusText), { final: kFinalStatus.has(response.status) });
  }
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  return { url: `${scheme}://${location.host}${body.ws}`, token: body.token };
}

function showState() {
  $('state').textContent = client.state;
  $('state').dataset.state = { playing: 'live', closed: client.result ? 'ended' : 'failed' }[client.state] ?? 'connecting';
  if (client.state === 'playing') overlay('');
  else if (client.state === 'connecting') overlay('Connecting…');
  else if (!client.result) overlay(client.reason || 'The connection is gone');
}

function showResult() {
  const best = client.result.filter((row) => row.place === 1).map((row) => row.player).join(', ');
  overlay(best ? `The match is over. First: ${best}` : 'The match is over');
}

const own = () => client.replica.latest?.players.find((player) => player.slot === client.slot);

/** For those who do not see the arena, and what is worth a word for all. */
function showNews() {
  const me = own();
  if (!me) return;
  if (ownScore !== null && me.score > ownScore) tell(`Score ${me.score}`);
  if (ownAlive && !me.alive) tell('You are out for two seconds');
  if (!ownAlive && me.alive) tell('You are back');
  ownScore = me.score;
  ownAlive = me.alive;
}

function cell(text) {
  const out = document.createElement('td');
  out.textContent = text;
  return out;
}

const kWinds = ['E', 'SE', 'S', 'SW', 'W', 'NW', 'N', 'NE'];

function away(from, to) {
  if (!from || from.slot === to.slot) return '–';
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  return `${Math.round(Math.hypot(dx, dy) / 256)} ${kWinds[Math.round(Math.atan2(dy, dx) * 4 / Math.PI) & 7]}`;
}

function showStandings() {
  const { latest } = client.replica;
  if (latest === null) return;
  const me = own();
  const rows = [...latest.players].sort((a, b) => b.score - a.score || a.slot - b.slot).map((player) => {
    const row = document.createElement('tr');
    const name = document.createElement('th');
    name.scope = 'row';
    name.textContent = (names.get(player.slot) ?? `slot ${player.slot}`) + (player === me ? ' (you)' : '');
    name.style.color = colourOf(player.slot);
    Object.assign(row.dataset, { slot: player.slot, x: player.x, y: player.y });
    row.append(name, cell(away(me, player)), cell(player.alive ? player.health : '–'), cell(player.score));
    return row;
  });
  $('standings').replaceChildren(...rows);
}

function showFacts() {
  if (client === null) return;
  const seen = client.statistics;
  $('round-trip').textContent = seen.roundTripMs > 0 ? `${Math.round(seen.roundTripMs)} ms` : '–';
  $('tick').textContent = client.replica.latest?.tick ?? '–';
  $('corrections').textContent = seen.corrections;
  $('mismatches').textContent = seen.mismatches;
  $('reconnects').textContent = seen.reconnects;
  const me = client.prediction.player;
  $('place').textContent = me ? `${(me.x / 256).toFixed(1)}, ${(me.y / 256).toFixed(1)}` : '–';
  showStandings();
}

async function refreshNames() {
  if (document.hidden || id === '') return;
  try {
    const response = await fetch(`/api/v1/matches/${encodeURIComponent(id)}`, authorised());
    if (!response.ok) return;
    const { roster = [] } = await response.json();
    names = new Map(roster.map((row) => [row.slot, row.player]));
  } catch { /* the next time */ }
}

function draw() {
  requestAnimationFrame(draw);
  const picture = client?.picture(kBehindTicks);
  if (picture) arena.draw(picture, names);
}

/** A command a tick, at the pace that the clock asks for. */
function command(due) {
  const me = client?.prediction.player;
  client?.send(input.command(me ? { x: me.x * arena.scale, y: me.y * arena.scale } : null));
  const now = performance.now();
  // A tab that slept does not make up for what it missed.
  const next = Math.max(due + (client?.commandPeriodMs() ?? 33), now - 100);
  setTimeout(() => command(next), Math.max(0, next - now));
}

const kWaiting = { none: 'Into the queue…', forming: 'Waiting for the party…', queued: 'Waiting for others…',
  proposed: 'A match is found', starting: 'The match is being made…' };

/** Waits in the lobby until there is a match, and plays it. */
function find() {
  $('sign-in').hidden = true;
  overlay('Connecting…');
  let entered = false;
  const lobby = new Lobby({ ticket: () => ticketFrom('/api/v1/matchmaking/queue/token'), heard: (standing) => {
    if (standing.state === 'matched') {
      lobby.close();
      id = standing.match;
      history.replaceState(null, '', `/play.html?id=${encodeURIComponent(id)}`);
      return begin();
    }
    if (standing.state === 'none' && !entered) {
      entered = true;
      lobby.enter({ mode, autoAccept: true });
    }
    if (standing.state === 'proposed') lobby.answer(true);
    overlay(kWaiting[standing.state] ?? (standing.reason || 'The queue is closed'));
    if (standing.pingMs > 0) $('round-trip').textContent = `${standing.pingMs} ms`;
  } });
}

function begin() {
  $('sign-in').hidden = true;
  overlay('Connecting…');
  const heard = { state: showState, snapshot: showNews, ended: showResult };
  client = new GameClient({ ticket, heard: (what) => { if (client) heard[what](); } });
  $('arena').focus({ preventScroll: true });
}

const start = () => (mode !== null && id === '' ? find() : begin());

$('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem('troupe.token', $('token').value.trim());
  $('token').value = '';
  start();
});
window.addEventListener('pagehide', () => client?.leave());
refreshNames();
setInterval(refreshNames, kNamesMs);
setInterval(showFacts, kFactsMs);
start();
draw();
command(performance.now());
