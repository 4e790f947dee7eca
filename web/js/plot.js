// Lines over the last ten minutes, drawn as SVG. The parts that only count are apart, for tests.

const kWidth = 640, kHeight = 150;
const kLeft = 52, kRight = 6, kTop = 8, kBottom = 20;
const kTrifle = 0.02;
const kSpans = [60_000, 120_000, 300_000, 600_000];
const kSvg = 'http://www.w3.org/2000/svg';

/** The smallest of 1, 2, 5 times a power of ten that is not below `value`. */
export function niceTop(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((part) => part * power).find((top) => top >= value * (1 - 1e-9));
}

/** What an axis shows of `values`: [low, high]; 0 is on it and, without `fixed`, at least `least`. */
export function rangeOf(values, { fixed, least = 0 } = {}) {
  if (fixed) return fixed;
  const low = Math.min(0, ...values), high = Math.max(least, ...values);
  // What is hardly below zero needs no half of the plot.
  const below = low < -kTrifle * high ? -niceTop(-low) : 0;
  return [below, high > 0 || below === 0 ? niceTop(high) : 0];
}

/** How much of the past to show, in ms: as much as there is since `first`, in steps that read well. */
export function spanOf(first, now) {
  return kSpans.find((span) => now - first <= span) ?? kSpans.at(-1);
}

/** "−12 s", "−4 min". */
export function ago(ms, span) {
  return span < 300_000 ? `−${Math.round(ms / 1000)} s` : `−${Math.round(ms / 60_000)} min`;
}

/** An SVG path through [t_ms, value] pairs; where more than `gapMs` lie between two, it is broken. */
export function pathOf(points, x, y, gapMs) {
  let path = '', last = -Infinity;
  for (const [t, value] of points) {
    path += `${t - last > gapMs ? 'M' : 'L'}${x(t).toFixed(1)} ${y(value).toFixed(1)}`;
    last = t;
  }
  return path;
}

/** "1,500", "29.9", "0.05": as many digits as tell something. */
export function shown(value) {
  if (value === undefined || value === null) return '–';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 || value === 0 ? 1 : 2;
  return (Math.abs(value) < 0.005 ? 0 : value).toLocaleString('en', { maximumFractionDigits: digits });
}

function element(name, attributes, text) {
  const out = document.createElementNS(kSvg, name);
  for (const [key, value] of Object.entries(attributes)) out.setAttribute(key, value);
  if (text !== undefined) out.textContent = text;
  return out;
}

/** A figure with a plot of some members of the samples. */
export class Plot {
  /** `lines`: [{member, name}]; `fixed`, `least`: of the axis, see rangeOf. Where more than `gapMs` lie between two
   * samples, the line is broken. */
  constructor({ title, unit, lines, fixed, least, gapMs = 1500 }) {
    Object.assign(this, { title, unit, lines, fixed, least, gapMs });
    this.figure = document.createElement('figure');
    this.caption = document.createElement('figcaption');
    this.svg = element('svg', { viewBox: `0 0 ${kWidth} ${kHeight}`, role: 'img' });
    this.figure.append(this.caption, this.svg);
    this.figure.className = 'plot';
  }

  /** Samples from `from` to `to` (Unix ms); hidden when none has any of the members. */
  draw(samples, from, to) {
    const series = this.lines.map(({ member }) =>
      samples.filter((sample) => sample[member] !== undefined && sample.t_ms >= from).map((s) => [s.t_ms, s[member]]));
    this.figure.hidden = series.every((points) => points.length === 0);
    if (this.figure.hidden) return;
    const [low, high] = rangeOf(series.flat().map(([, value]) => value), this);
    const x = (t) => kLeft + (t - from) / (to - from) * (kWidth - kLeft - kRight);
    const y = (value) => kTop + (high - Math.min(high, Math.max(low, value))) / (high - low) * (kHeight - kTop - kBottom);
    const marks = [low, (low + high) / 2, high].flatMap((value) => [
      element('line', { x1: kLeft, x2: kWidth - kRight, y1: y(value), y2: y(value), class: 'grid' }),
      element('text', { x: kLeft - 5, y: y(value) + 4, 'text-anchor': 'end' }, shown(value))]);
    for (const back of [0.8, 0.6, 0.4, 0.2].map((part) => part * (to - from))) {
      marks.push(element('text', { x: x(to - back), y: kHeight - 4, 'text-anchor': 'middle' }, ago(back, to - from)));
    }
    const paths = series.map((points, i) =>
      element('path', { d: pathOf(points, x, y, this.gapMs), class: `line line-${i}` }));
    this.svg.replaceChildren(...marks, ...paths);
    const now = this.lines.map(({ name }, i) => {
      const words = `${shown(series[i].at(-1)?.[1])} ${this.unit}`;
      return this.lines.length > 1 ? `${name} ${words}` : words;
    });
    this.svg.setAttribute('aria-label', `${this.title}, last ten minutes; now ${now.join(', ')}`);
    const title = document.createElement('strong');
    title.textContent = this.title;
    const legend = now.map((text, i) => {
      const out = document.createElement('span');
      out.className = `legend legend-${i}`;
      out.textContent = text;
      return out;
    });
    this.caption.replaceChildren(title, ...legend);
  }
}
