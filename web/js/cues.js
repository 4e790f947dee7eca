// Timed metadata: each cue is dispatched when the picture on the screen reaches it, as a `troupe-cue` event on the
// video with {number, scheme, payload, media_us, shown_us}.

const kMaxWaiting = 200;
const kLateUs = 5_000_000; // what is further behind the picture is not dispatched any more

export class Cues {
  constructor(video) {
    this.video = video;
    this.waiting = []; // by media_us
    const exact = 'requestVideoFrameCallback' in video;
    const onFrame = (_, { mediaTime }) => {
      this.reach(mediaTime * 1e6);
      video.requestVideoFrameCallback(onFrame);
    };
    if (exact) video.requestVideoFrameCallback(onFrame);
    // Without pictures on the screen, in a hidden page for one, time goes on.
    video.addEventListener('timeupdate', () => {
      if (!exact || document.hidden || video.videoWidth === 0) this.reach(video.currentTime * 1e6);
    });
  }

  add(cue) {
    if (this.waiting.some(({ number }) => number === cue.number) || this.done?.has(cue.number)) return;
    const at = this.waiting.findIndex(({ media_us: us }) => us > cue.media_us);
    this.waiting.splice(at < 0 ? this.waiting.length : at, 0, cue);
    if (this.waiting.length > kMaxWaiting) this.waiting.shift();
  }

  /** Another publication, or another time of this one: nothing of before counts. */
  clear() {
    this.waiting.length = 0;
    this.done = new Set();
  }

  reach(shownUs) {
    while (this.waiting.length > 0 && this.waiting[0].media_us <= shownUs) {
      const cue = this.waiting.shift();
      (this.done ??= new Set()).add(cue.number);
      if (shownUs - cue.media_us > kLateUs) continue;
      this.video.dispatchEvent(new CustomEvent('troupe-cue', { detail: { ...cue, shown_us: shownUs } }));
    }
  }
}
