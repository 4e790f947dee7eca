// Going back in a live session: segments of its window, and before that of its recording, through Media Source Extensions,
// until they lead to live again.

const kAheadS = 12;           // loaded in front of the playhead
const kReloadMs = 1000;
const kBehindS = 30;          // kept behind it
const kOverlapMs = 1000;      // the clocks of recording and window differ: a segment twice is better than a hole

/** The segments of a media playlist (RFC 8216bis): [{uri, map, wallMs, seconds}]. Pure. */
export function parsePlaylist(text) {
  const segments = [];
  let [map, wallMs, seconds] = ['', NaN, NaN];
  for (const line of text.split('\n')) {
    if (line.startsWith('#EXT-X-MAP:')) map = /URI="([^"]*)"/.exec(line)?.[1] ?? '';
    else if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) wallMs = Date.parse(line.slice(25));
    else if (line.startsWith('#EXTINF:')) seconds = parseFloat(line.slice(8));
    else if (line !== '' && !line.startsWith('#')) {
      segments.push({ uri: line, map, wallMs, seconds });
      wallMs += seconds * 1000;  // unless the next says otherwise
    }
  }
  return segments;
}

/** The index of the segment that `wallMs` lies in, else of the nearest. Pure. */
export function segmentAt(segments, wallMs) {
  const after = segments.findIndex((segment) => segment.wallMs > wallMs);
  if (after === 0) return 0;
  return after < 0 ? segments.length - 1 : after - 1;
}

/** Whether the list still reaches back to that moment. Pure. */
export function reachesBack(segments, wallMs) {
  return segments.length > 0 && segments[0].wallMs <= wallMs + 500;
}

/** The segment that goes on at `next`, the end of the one before in the same list; undefined: there is none yet. Pure. */
export function segmentAfter(segments, next) {
  return segments.find((segment) => segment.wallMs > next - segment.seconds * 500);
}

/** What an init segment is called, wherever it lies: that of window and recording are the same. Pure. */
const nameOf = (uri) => uri.split('?')[0].split('/').pop();

/** One track of window and recording. */
class Lane {
  /** `addresses`: of the media playlists, the window's and the recording's. */
  constructor(get, addresses, buffer) {
    this.get = get;
    this.addresses = addresses;
    this.buffer = buffer;
    this.next = null;  // wall clock of the segment that follows the last
    this.list = null;  // the address of the list that it was in
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
    const { list, segment } = await this.find(this.next ?? wallMs);
    if (!segment || (this.map !== null && nameOf(segment.map) !== this.map)) return null;
    const fetchBytes = async (uri) => {
      const reply = await this.get(new URL(uri, list));
      if (!reply.ok) throw new Error(`${uri}: ${reply.status}`);
      return reply.arrayBuffer();
    };
    if (this.map === null) await this.append(await fetchBytes(segment.map));
    this.map = nameOf(segment.map);
    await this.append(await fetchBytes(segment.uri));
    this.next = segment.wallMs + segment.seconds * 1000;
    this.list = list;
    return segment;
  }

  /** In the window, else in the recording; without either the nearest that there is to begin with. */
  async find(wanted) {
    let nearest = {};
    for (const list of this.addresses) {
      const reply = await this.get(list);
      const segments = reply.ok ? parsePlaylist(await reply.text()) : [];
      if (reachesBack(segments, wanted)) {
        const segment = list === this.list ? segmentAfter(segments, wanted)
          : segments[segmentAt(segments, this.next === null ? wanted : wanted - kOverlapMs)];
        return { list, segment };
      }
      if (segments.length > 0) nearest = { list, segment: segments[0] };
    }
    return this.next === null ? nearest : {};
  }

  /** Frees what was played long ago. */
  async forget(seconds) {
    const { buffered } = this.buffer;
    if (buffered.length === 0 || buffered.start(0) > seconds - 2 * kBehindS) return;
    const done = new Promise((resolve) => { this.buffer.addEventListener('updateend', resolve, { once: true }); });
    this.buffer.remove(0, seconds - kBehindS);
    await done;
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

  /** `root`: where the window's playlists are; `recording`: those of the recording. */
  async play(root, recording, tracks, wallMs) {
    const source = new MediaSource();
    this.url = URL.createObjectURL(source);
    this.video.src = this.url;
    await new Promise((resolve) => { source.addEventListener('sourceopen', resolve, { once: true }); });
    const main = await (await this.get(new URL('index.m3u8', root))).text();
    const viewer = /^(v\/[^/]+)\//m.exec(main)?.[1];
    const lanes = tracks.map((track) => new Lane(this.get, [new URL(`${viewer}/${track.kind}/index.m3u8`, root),
      new URL(`${track.kind}/index.m3u8`, recording)], source.addSourceBuffer(track.mime)));
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
      await Promise.all(lanes.map((lane) => lane.forget(this.video.currentTime)));
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
