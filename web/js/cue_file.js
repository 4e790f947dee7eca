// As much of WebVTT as our own files have.

/** The cues of a file: [{start, end, text}], seconds. Pure. */
export function readCues(text) {
  const time = '(\\d+):(\\d\\d):(\\d\\d\\.\\d{3})';
  const seconds = (h, m, s) => Number(h) * 3600 + Number(m) * 60 + Number(s);
  return [...text.matchAll(new RegExp(`^${time} --> ${time}\\n(.*)$`, 'gm'))].map((found) => (
    { start: seconds(...found.slice(1, 4)), end: seconds(...found.slice(4, 7)), text: found[7] }));
}

/** When a recorded thumbnail was live, Unix milliseconds: its name says it. NaN: it is none. Pure. */
export function thumbnailMs(name) {
  const [, epoch, media] = /thumb-(\d+)-(\d+)\.jpg$/.exec(name) ?? [];
  return (Number(epoch) + Number(media)) / 1000;
}
