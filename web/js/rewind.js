// Going back in a live session: its window's segments through Media Source Extensions, until they lead to live again.

const kAheadS = 12;           // loaded in front of the playhead
const kReloadMs = 1000;

/** The segments of a media playlist (RFC 8216bis): [{uri, map, wallMs, seconds}]. Pure. */
export function parsePlaylist(text) {
  const segments = [];
  let [map, wallMs, seconds] = ['', NaN, NaN];
  for (const line of text.split('\n')) {
    if (line.startsWith('#EXT-X-MAP:')) map = /URI="([^"]*)"/.exec(line)?.[1] ?? '';
    else if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) wallMs = Date.parse(line.slice(25));
    else if (line.startsWith('#EXTINF:')) seconds = parseFloat(line.slice(8));
    else if (line !== '' && !line.startsWith('#')) segments.push({ uri: line, map, wallMs, seconds });
  }
  return segments;
}

/** The index of the segment that `wallMs` lies in, else of the nearest. Pure. */
export function segmentAt(segments, wallMs) {
  const after = segments.findIndex((segment) => segment.wallMs > wallMs);
  if (after === 0) return 0;
  return after < 0 ? segments.length - 1 : after - 1;
}

/** One track of the window. */
class Lane {
  constructor(get, address, buffer) {
    this.get = get;
    this.address = address;
    this.buffer = buffer;
    this.next = null;  // wall clock of the segment that follows the last
    this.map = null;
  }

  async append(bytes) {
    const done = new Promise((resolve, reject) => {
      this.buffer.addEventListener('updateend', resolve, { once: true });
      this.buffer.addEventListener('error', reject, { once: true });
    });
    this.buffer.appendBuffer(bytes);
    await done;
  }

  /** Appends the next segment, from `wallMs` on at first; what it was, or null when there is none of this publication. */
  async step(wallMs) {
    const segments = parsePlaylist(await (await this.get(this.address)).text());
    const index = this.next === null ? segmentAt(segments, wallMs)
      : segments.findIndex((segment) => segment.wallMs > this.next - segment.seconds * 500);
    const segment = segments[index];
    if (!segment || (this.map !== null && segment.map !== this.map)) return null;
    const fetchBytes = async (uri) => (await this.get(new URL(uri, this.address))).arrayBuffer();
    if (this.map === null) await this.append(await fetchBytes(segment.map));
    this.map = segment.map;
    await this.append(await fetchBytes(segment.uri));
    this.next = segment.wallMs + segment.seconds * 1000;
    return segment;
  }
}

/** Plays from `wallMs` (Unix, the server's clock) on. `tracks` is the list of the hello; `get(url)` fetches with the
 * viewer's token. Ends by `stop()`; `onEnd()` hears when there is nothing more to play. */
export class Rewind {
  constructor(video, get, onEnd) {
    this.video = video;
    this.get = get;
    this.onEnd = onEnd;
    this.stopped = false;
    this.zeroMs = null;  // wall clock of the media's zero
  }

  async play(root, tracks, wallMs) {
    const source = new MediaSource();
    this.url = URL.createObjectURL(source);
    this.video.src = this.url;
    await new Promise((resolve) => { source.addEventListener('sourceopen', resolve, { once: true }); });
    const main = await (await this.get(new URL('index.m3u8', root))).text();
    const viewer = /^(v\/[^/]+)\//m.exec(main)?.[1];
    const lanes = tracks.map((track) => new Lane(this.get, new URL(`${viewer}/${track.kind}/index.m3u8`, root),
      source.addSourceBuffer(track.mime)));
    const first = await Promise.all(lanes.map((lane) => lane.step(wallMs)));
    if (this.stopped || !first[0]) return;
    const start = lanes[0].buffer.buffered.start(0);
    this.zeroMs = first[0].wallMs - start * 1000;
    this.video.currentTime = Math.max(start + 0.05, (wallMs - this.zeroMs) / 1000);
    this.video.play().catch(() => {});
    while (!this.stopped) {
      const buffered = this.video.buffered;
      const ahead = buffered.length === 0 ? 0 : buffered.end(buffered.length - 1) - this.video.currentTime;
      const got = ahead < kAheadS && (await Promise.all(lanes.map((lane) => lane.step(wallMs)))).some(Boolean);
      if (got) continue;
      if (ahead < 0.1) return void (this.stopped || this.onEnd());
      await new Promise((resolve) => { setTimeout(resolve, kReloadMs); });
    }
  }

  /** Wall clock of the picture on the screen; null before there is one. */
  shownMs() {
    return this.zeroMs === null ? null : this.zeroMs + this.video.currentTime * 1000;
  }

  stop() {
    this.stopped = true;
    this.video.removeAttribute('src');
    this.video.load();
    if (this.url) URL.revokeObjectURL(this.url);
  }
}
