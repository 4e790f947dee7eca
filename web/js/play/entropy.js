// Binary adaptive arithmetic coding, the reader's side: game/entropy.hpp in another language. Pure.

const kMemory = 255;
const kRates = Uint16Array.from({ length: kMemory + 1 }, (_, n) => Math.floor(131072 / (2 * n + 3)));
const kLeast = 16; // of 65,536
const kUnpackedSeen = 60;

/** How likely a 1 is, learned. */
export class Bit {
  constructor(p = 1 << 21, seen = 0) {
    this.p = p; // of 2^22
    this.seen = seen;
  }

  copy() {
    return new Bit(this.p, this.seen);
  }

  /** Of 65,536; never 0. */
  one() {
    const p = this.p >> 6;
    return p < kLeast ? kLeast : p > 65536 - kLeast ? 65536 - kLeast : p;
  }

  learn(bit) {
    const target = bit ? 0x3fffff : 0;
    this.p += Math.trunc((target - this.p) * kRates[this.seen] / 65536);
    if (this.seen < kMemory) ++this.seen;
  }

  /** Of a byte of Bit::packed(). */
  unpack(byte) {
    const exponent = byte >> 3 & 0xf;
    const rare = Math.min(Math.max(((17 + 2 * (byte & 7)) << 17) >> exponent, kLeast << 6), 1 << 21);
    this.p = (byte & 0x80) !== 0 ? (1 << 22) - rare : rare;
    this.seen = kUnpackedSeen;
  }
}

/** Reads any bytes without harm; what it reads past the end are zeros. */
export class EntropyDecoder {
  /** `bytes` is a Uint8Array. */
  constructor(bytes) {
    this.bytes = bytes;
    this.next = 0;
    this.consumed = 0;
    this.low = 0;
    this.high = 0xffffffff;
    this.value = 0;
    for (let i = 0; i < 4; ++i) this.value = (this.value << 8 | this.byte()) >>> 0;
  }

  byte() {
    const at = this.next++;
    return at < this.bytes.length ? this.bytes[at] : 0;
  }

  narrow(one) {
    // A range of 32 bits times a probability of 16: exact in a double.
    const middle = this.low + Math.floor((this.high - this.low) * one / 65536);
    const value = this.value <= middle;
    if (value) this.high = middle;
    else this.low = middle + 1;
    while (((this.low ^ this.high) & 0xff000000) === 0) {
      this.low = (this.low << 8) >>> 0;
      this.high = (this.high << 8 | 0xff) >>> 0;
      this.value = (this.value << 8 | this.byte()) >>> 0;
      ++this.consumed;
    }
    return value;
  }

  bit(model) {
    const value = this.narrow(model.one());
    model.learn(value);
    return value;
  }

  raw(count) {
    let value = 0;
    for (let i = 0; i < count; ++i) value = (value << 1 | (this.narrow(32768) ? 1 : 0)) >>> 0;
    return value;
  }

  /** Whether the bytes were neither fewer nor more than an encoder would have made of what was read. */
  complete() {
    return this.consumed <= this.bytes.length && this.bytes.length <= this.consumed + 4;
  }

  exhausted() {
    return this.consumed > this.bytes.length;
  }
}

export const bits = (count) => Array.from({ length: count }, () => new Bit());

const kFullBits = 3, kTopBits = 2; // learned of mantissas: all of short ones, the highest of longer ones

function mantissaTree(exponent) {
  return exponent <= kFullBits ? (1 << exponent) - 1 - exponent : 11 + (exponent - kFullBits - 1) * 3;
}

/** Learns the distribution of a whole number. */
export class NumberModel {
  constructor() {
    this.zero = new Bit();
    this.negative = new Bit();
    this.exponent = bits(16);
    this.mantissa = bits(47);
  }

  decode(source) {
    if (source.bit(this.zero)) return 0;
    const negative = source.bit(this.negative);
    let node = 1;
    for (let i = 0; i < 4; ++i) node = node * 2 + (source.bit(this.exponent[node]) ? 1 : 0);
    const exponent = node - 16;
    let magnitude = 1;
    if (exponent > 0) {
      const tree = mantissaTree(exponent);
      const learned = exponent <= kFullBits ? exponent : kTopBits;
      node = 1;
      for (let i = 0; i < learned; ++i) node = node * 2 + (source.bit(this.mantissa[tree + node - 1]) ? 1 : 0);
      magnitude = node * 2 ** (exponent - learned) + source.raw(exponent - learned);
    }
    return negative ? -magnitude : magnitude;
  }

  /** Calls `visit` with each Bit, always in the same order. */
  each(visit) {
    visit(this.zero);
    visit(this.negative);
    this.exponent.forEach(visit);
    this.mantissa.forEach(visit);
  }
}
