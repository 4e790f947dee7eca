// The page of one asset: plays it, with a bar that shows what is where.
import { AssetPlayer, clockText } from './asset_player.js';
import { readCues } from './cue_file.js';
import { Preview } from './preview.js';

const element = (id) => document.getElementById(id);
const video = element('video');
const seek = element('seek');
const label = element('seek-label');
const status = element('status');
const id = new URLSearchParams(location.search).get('id') ?? '';

const get = (url) => {
  const token = sessionStorage.getItem('troupe.token');
  return fetch(url, token ? { headers: { Authorization: `Bearer ${token}` } } : {});
};
const preview = new Preview(element('preview'), get);
let duration = 0;
let thumbnails = [];
let dragging = false;

function showPreview(at) {
  const cue = thumbnails.findLast(({ start }) => start <= at) ?? thumbnails[0];
  if (cue) preview.show(at / duration, cue.text);
}

function tell(at) {
  const text = `${clockText(at)} / ${clockText(duration)}`;
  label.textContent = text;
  seek.setAttribute('aria-valuetext', `${clockText(at)} of ${clockText(duration)}`);
}

seek.addEventListener('input', () => {
  dragging = true;
  tell(Number(seek.value));
  showPreview(Number(seek.value));
});
seek.addEventListener('change', () => {
  dragging = false;
  preview.hide();
  video.currentTime = Number(seek.value);
});
seek.addEventListener('pointermove', (event) => {
  const box = seek.getBoundingClientRect();
  showPreview(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * duration);
});
for (const leaving of ['pointerleave', 'blur']) seek.addEventListener(leaving, () => preview.hide());
video.addEventListener('timeupdate', () => {
  if (dragging) return;
  seek.value = String(Math.floor(video.currentTime));
  tell(video.currentTime);
});

async function addCaptions(path) {
  const reply = await get(path);
  if (!reply.ok) return;
  const track = document.createElement('track');
  Object.assign(track, { kind: 'captions', label: 'Captions', src: URL.createObjectURL(await reply.blob()) });
  video.append(track);
}

async function open() {
  status.textContent = 'Loading…';
  try {
    const reply = await get(`/api/v1/assets/${encodeURIComponent(id)}`);
    const asset = await reply.json();
    if (!reply.ok) throw new Error(asset.detail ?? reply.statusText);
    element('title').textContent = asset.title;
    document.title = `Troupe: ${asset.title}`;
    if (asset.state === 'failed') throw new Error(asset.error.detail);
    if (asset.state !== 'ready') {
      status.textContent = 'It is being prepared…';
      setTimeout(open, 1000);
      return;
    }
    const root = new URL(asset.dash_path, location.href);
    if (asset.thumbnails_path) {
      thumbnails = readCues(await (await get(asset.thumbnails_path)).text())
        .map((cue) => ({ ...cue, text: new URL(cue.text, root).pathname }));
    }
    if (asset.captions_path) await addCaptions(asset.captions_path);
    const player = new AssetPlayer(video, get, (problem) => { status.textContent = `Cannot play: ${problem}`; });
    duration = await player.open(root);
    seek.max = String(Math.floor(duration));
    seek.disabled = false;
    tell(0);
    status.textContent = `${new Date(asset.created_ms).toLocaleString()}${asset.complete ? '' : ', without its beginning'}`;
  } catch (error) {
    status.textContent = `Cannot play: ${error.message}`;
  }
}

element('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem('troupe.token', element('token').value);
  location.reload(); // one player for the page's life
});
open();
