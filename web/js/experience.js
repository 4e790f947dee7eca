// How playing goes, as the server is told: time to the first picture, stalls, latency (docs/live.md, "Quality of experience").

const kEveryMs = 10_000;

/** What happened so far; times come in. Pure. */
export class Experience {
  constructor(nowMs) {
    this.joinedAt = nowMs;
    this.startMs = null;
    this.playingSince = null;
    this.stalledSince = null;
    this.watchedMs = 0;
    this.rebuffers = 0;
    this.rebufferMs = 0;
  }

  playing(nowMs) {
    this.startMs ??= nowMs - this.joinedAt;
    if (this.stalledSince !== null) this.rebufferMs += nowMs - this.stalledSince;
    this.stalledSince = null;
    this.playingSince ??= nowMs;
  }

  /** Playback stands still against the viewer's will. */
  waiting(nowMs) {
    if (this.startMs === null || this.stalledSince !== null) return;
    this.count(nowMs);
    this.stalledSince = nowMs;
    this.rebuffers += 1;
  }

  /** Playback stands still because the viewer, or the publisher, wants it to. */
  stopped(nowMs) {
    this.count(nowMs);
    if (this.stalledSince !== null) this.rebufferMs += nowMs - this.stalledSince;
    this.stalledSince = null;
  }

  count(nowMs) {
    if (this.playingSince !== null) this.watchedMs += nowMs - this.playingSince;
    this.playingSince = null;
  }

  /** The members of a beacon. */
  report(nowMs) {
    const out = {
      watched_ms: Math.round(this.watchedMs + (this.playingSince === null ? 0 : nowMs - this.playingSince)),
      rebuffers: this.rebuffers,
      rebuffer_ms: Math.round(this.rebufferMs + (this.stalledSince === null ? 0 : nowMs - this.stalledSince)),
    };
    if (this.startMs !== null) out.start_ms = Math.round(this.startMs);
    return out;
  }
}

/** Watches `video` and tells `/live/{id}/beacon`; `latencyMs` gives the latency of now, or null; `address` adds to that
 * of the beacon what lets the viewer in. */
export function tellExperience(video, id, latencyMs, address = (path) => path) {
  const experience = new Experience(performance.now());
  const sid = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  video.addEventListener('playing', () => experience.playing(performance.now()));
  video.addEventListener('waiting', () => experience.waiting(performance.now()));
  for (const event of ['pause', 'emptied', 'ended']) video.addEventListener(event, () => experience.stopped(performance.now()));
  const tell = (more = {}) => {
    const latency = latencyMs();
    const body = { sid, protocol: 'ws', ...experience.report(performance.now()), ...more };
    if (latency !== null && latency >= 0) body.latency_ms = Math.round(latency);
    fetch(address(`/live/${encodeURIComponent(id)}/beacon`), { method: 'POST', keepalive: true,
      headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }).catch(() => {});
  };
  setInterval(() => { if (!document.hidden || !video.paused) tell(); }, kEveryMs);
  addEventListener('pagehide', () => tell());
  return { failed: () => tell({ failed: true }), tell };
}
