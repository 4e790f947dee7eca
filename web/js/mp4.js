// As much of ISO/IEC 14496-12 as a player needs to know where a message belongs.

/** Visits the boxes of `view` between `begin` and `end`: visit(type, contentBegin, contentEnd). */
function boxes(view, begin, end, visit) {
  let at = begin;
  while (at + 8 <= end) {
    let size = view.getUint32(at);
    const type = String.fromCharCode(view.getUint8(at + 4), view.getUint8(at + 5), view.getUint8(at + 6), view.getUint8(at + 7));
    let header = 8;
    if (size === 1 && at + 16 <= end) {
      size = Number(view.getBigUint64(at + 8));
      header = 16;
    }
    if (size === 0) size = end - at;
    if (size < header || at + size > end) return;
    visit(type, at + header, at + size);
    at += size;
  }
}

/**
 * What a binary message is: { kind: 'init'|'media'|'unknown', track }. The track comes from `tkhd` in `moov` or `tfhd`
 * in `moof`.
 */
export function describe(buffer) {
  const view = new DataView(buffer);
  const found = { kind: 'unknown', track: 0 };
  boxes(view, 0, view.byteLength, (type, begin, end) => {
    if (type === 'moov') {
      found.kind = 'init';
      boxes(view, begin, end, (inner, trakBegin, trakEnd) => {
        if (inner !== 'trak') return;
        boxes(view, trakBegin, trakEnd, (box, at) => {
          if (box === 'tkhd') found.track = view.getUint32(at + (view.getUint8(at) === 1 ? 20 : 12));
        });
      });
    } else if (type === 'moof') {
      found.kind = 'media';
      boxes(view, begin, end, (inner, trafBegin, trafEnd) => {
        if (inner !== 'traf') return;
        boxes(view, trafBegin, trafEnd, (box, at) => {
          if (box === 'tfhd') found.track = view.getUint32(at + 4);
        });
      });
    }
  });
  return found;
}
