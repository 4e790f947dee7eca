// Plays an asset by its DASH manifest through Media Source Extensions, a SourceBuffer for each track, and seeks anywhere.

const kAheadS = 30;       // loaded in front of the playhead
const kBehindS = 60;      // kept behind it
const kTickMs = 250;
const kSlackS = 0.3;      // holes that are none: tracks end a little apart
const kSkipS = 2;         // a hole of this length between publications is jumped over

/** 3725 → "1:02:05". Pure. */
export function clockText(seconds) {
  const whole = Math.floor(seconds);
  const pad = (number) => String(number).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

/** ISO 8601 "PT12.5S", as our manifests write it. Pure. */
const secondsOf = (text) => Number(/^PT([\d.]+)S$/.exec(text)?.[1] ?? 0);

/** What a manifest of ours tells: {duration, lanes: [{kind, segments: [{at, end, url, init, mime, offset}]}]},
 * seconds on the asset's timeline; `offset` takes the media's times there. */
export function readManifest(xml) {
  const root = new DOMParser().parseFromString(xml, 'application/xml').documentElement;
  const lanes = new Map();
  for (const period of root.getElementsByTagName('Period')) {
    const start = secondsOf(period.getAttribute('start'));
    for (const set of period.getElementsByTagName('AdaptationSet')) {
      const kind = set.getAttribute('contentType');
      const template = set.getElementsByTagName('SegmentTemplate')[0];
      const codecs = set.getElementsByTagName('Representation')[0].getAttribute('codecs');
      const scale = Number(template.getAttribute('timescale'));
      const offset = start - Number(template.getAttribute('presentationTimeOffset')) / scale;
      let number = Number(template.getAttribute('startNumber'));
      const lane = lanes.get(kind) ?? lanes.set(kind, { kind, segments: [] }).get(kind);
      for (const entry of template.getElementsByTagName('S')) {
        const at = Number(entry.getAttribute('t')) / scale + offset;
        lane.segments.push({ at, end: at + Number(entry.getAttribute('d')) / scale, offset,
          url: template.getAttribute('media').replace('$Number$', String(number++)),
          init: template.getAttribute('initialization'), mime: `${kind}/mp4; codecs="${codecs}"` });
      }
    }
  }
  return { duration: secondsOf(root.getAttribute('mediaPresentationDuration')), lanes: [...lanes.values()] };
}

/** The index of the first segment that has something at or after `seconds`; their number when none has. Pure. */
export function segmentFrom(segments, seconds) {
  const index = segments.findIndex(({ end }) => end > seconds + 0.01);
  return index < 0 ? segments.length : index;
}

/** How far the ranges [[start, end]…] reach from `seconds` on without a hole. Pure. */
export function reach(ranges, seconds) {
  let at = seconds;
  for (const [start, end] of ranges) if (start <= at + kSlackS && end > at) at = end;
  return at;
}

const rangesOf = (buffered) => Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)]);

class Lane {
  constructor({ kind, segments }, source, fetchBytes) {
    this.segments = segments;
    this.fetchBytes = fetchBytes;
    this.buffer = source.addSourceBuffer(segments[0].mime);
    this.mime = segments[0].mime;
    this.init = null;
    this.next = 0;
    this.kind = kind;
  }

  async change(what) {
    const done = new Promise((resolve, reject) => {
      this.buffer.addEventListener('updateend', resolve, { once: true });
      this.buffer.addEventListener('error', () => reject(new Error(`cannot decode the ${this.kind}`)), { once: true });
    });
    what();
    await done;
  }

  /** From where it goes on so that `seconds` can be played. */
  seek(seconds) {
    this.next = segmentFrom(this.segments, reach(rangesOf(this.buffer.buffered), seconds));
  }

  get atEnd() {
    return this.next >= this.segments.length;
  }

  /** Appends the next segment if it is due. */
  async step(seconds) {
    const segment = this.segments[this.next];
    if (!segment || segment.at > seconds + kAheadS) return false;
    const mine = this.next++;
    const isNew = this.init !== segment.init;
    const [init, bytes] = await Promise.all([isNew ? this.fetchBytes(segment.init) : null, this.fetchBytes(segment.url)]);
    if (this.next !== mine + 1) return true;  // somebody seeked meanwhile
    if (isNew) {
      if (this.mime !== segment.mime) this.buffer.changeType(segment.mime);
      this.mime = segment.mime;
      this.buffer.timestampOffset = segment.offset;
      await this.change(() => this.buffer.appendBuffer(init));
      this.init = segment.init;
    }
    await this.change(() => this.buffer.appendBuffer(bytes));
    return true;
  }

  async forget(seconds) {
    const { buffered } = this.buffer;
    const until = seconds - kBehindS;
    if (buffered.length > 0 && buffered.start(0) < until - 10) await this.change(() => this.buffer.remove(0, until));
  }
}

export class AssetPlayer {
  /** `get(url)` fetches with the viewer's token; `onProblem(text)` hears when there is nothing more to be done. */
  constructor(video, get, onProblem) {
    this.video = video;
    this.get = get;
    this.onProblem = onProblem;
    video.addEventListener('seeking', () => this.seek());
  }

  /** `manifest` is the address of the DASH manifest; answers with the seconds it has. */
  async open(manifest) {
    const reply = await this.get(manifest);
    if (!reply.ok) throw new Error((await reply.json()).detail ?? reply.statusText);
    const { duration, lanes } = readManifest(await reply.text());
    const source = new MediaSource();
    this.source = source;
    this.video.src = URL.createObjectURL(source);
    await new Promise((resolve) => { source.addEventListener('sourceopen', resolve, { once: true }); });
    source.duration = duration;
    const fetchBytes = async (uri) => {
      const piece = await this.get(new URL(uri, manifest));
      if (!piece.ok) throw new Error(`${uri}: ${piece.status}`);
      return piece.arrayBuffer();
    };
    this.lanes = lanes.map((lane) => new Lane(lane, source, fetchBytes));
    this.run().catch((error) => this.onProblem(error.message));
    return duration;
  }

  seek() {
    for (const lane of this.lanes ?? []) lane.seek(this.video.currentTime);
  }

  async run() {
    for (;;) {
      const at = this.video.currentTime;
      const stepped = await Promise.all(this.lanes.map((lane) => lane.step(at)));
      if (stepped.some(Boolean)) continue;
      await Promise.all(this.lanes.map((lane) => lane.forget(this.video.currentTime)));
      if (this.lanes.every((lane) => lane.atEnd) && this.source.readyState === 'open') this.source.endOfStream();
      this.leaveHole();
      await new Promise((resolve) => { setTimeout(resolve, kTickMs); });
    }
  }

  /** Between publications a track may end before the other: the playhead is taken to what follows. */
  leaveHole() {
    const { video } = this;
    if (video.readyState > HTMLMediaElement.HAVE_CURRENT_DATA || video.ended) return;
    const next = rangesOf(video.buffered).find(([start]) => start > video.currentTime);
    if (next && next[0] - video.currentTime < kSkipS) video.currentTime = next[0] + 0.01;
  }
}
