// As much of FlatBuffers as the game protocol needs: tables of scalars, strings, byte vectors, tables and vectors of them.
// Layout: https://flatbuffers.dev/internals/. Pure.

const kText = new TextEncoder();

/** Field values for `encode`, in the order of their ids; null leaves a field out. */
export const u8 = (value) => ({ size: 1, put: (view, at) => view.setUint8(at, value) });
export const u32 = (value) => ({ size: 4, put: (view, at) => view.setUint32(at, value, true) });
export const u64 = ({ high, low }) => ({ size: 8, put: (view, at) => {
  view.setUint32(at, low, true);
  view.setUint32(at + 4, high, true);
} });
export const bytes = (value) => ({ size: 4, vector: value, ends: 0 });
export const string = (value) => ({ size: 4, vector: kText.encode(value), ends: 1 });
export const strings = (values) => ({ size: 4, list: values.map(string) });
export const table = (fields) => ({ size: 4, fields });

class Writer {
  constructor(capacity) {
    this.view = new DataView(new ArrayBuffer(capacity));
    this.at = 4; // behind the offset of the root
  }

  align(size) {
    this.at = Math.ceil(this.at / size) * size;
  }

  /** Writes a table and, behind it, what it refers to: offsets only go forward. Where it stands. */
  table(fields) {
    this.align(2);
    const vtable = this.at;
    this.view.setUint16(vtable, 4 + 2 * fields.length, true);
    this.at += 4 + 2 * fields.length;
    this.align(4);
    const start = this.at;
    this.view.setInt32(start, start - vtable, true);
    this.at += 4;
    const references = [];
    fields.forEach((field, id) => {
      if (field === null) return;
      this.align(field.size);
      this.view.setUint16(vtable + 4 + 2 * id, this.at - start, true);
      if (field.put) field.put(this.view, this.at);
      else references.push({ field, at: this.at });
      this.at += field.size;
    });
    this.view.setUint16(vtable + 2, this.at - start, true);
    for (const { field, at } of references) {
      this.refer(at, field);
    }
    return start;
  }

  /** Writes what `field` refers to, and at `at` where it stands. */
  refer(at, field) {
    let target;
    if (field.fields) target = this.table(field.fields);
    else if (field.list) target = this.list(field.list);
    else target = this.vector(field.vector, field.ends);
    this.view.setUint32(at, target - at, true);
  }

  list(fields) {
    this.align(4);
    const start = this.at;
    this.view.setUint32(start, fields.length, true);
    this.at += 4 + 4 * fields.length;
    fields.forEach((field, i) => this.refer(start + 4 + 4 * i, field));
    return start;
  }

  vector(content, zeros) {
    this.align(4);
    const start = this.at;
    this.view.setUint32(start, content.length, true);
    new Uint8Array(this.view.buffer).set(content, start + 4);
    this.at += 4 + content.length + zeros;
    return start;
  }
}

/** The bytes of a buffer whose root is a table of these fields. `capacity`: more than it takes. */
export function encode(fields, capacity) {
  const writer = new Writer(capacity);
  writer.view.setUint32(0, writer.table(fields), true);
  return new Uint8Array(writer.view.buffer, 0, writer.at);
}

/** A table to be read. What lies beyond the bytes throws a RangeError. */
export class Table {
  constructor(view, at) {
    this.view = view;
    this.at = at;
    this.vtable = at - view.getInt32(at, true);
    this.size = view.getUint16(this.vtable, true);
  }

  /** The root of a buffer (a Uint8Array). */
  static root(content) {
    const view = new DataView(content.buffer, content.byteOffset, content.length);
    return new Table(view, view.getUint32(0, true));
  }

  /** Where a field stands; 0: it has its default. */
  field(id) {
    const entry = 4 + 2 * id;
    const offset = entry + 2 <= this.size ? this.view.getUint16(this.vtable + entry, true) : 0;
    return offset === 0 ? 0 : this.at + offset;
  }

  u8(id) {
    const at = this.field(id);
    return at === 0 ? 0 : this.view.getUint8(at);
  }

  u16(id) {
    const at = this.field(id);
    return at === 0 ? 0 : this.view.getUint16(at, true);
  }

  u32(id) {
    const at = this.field(id);
    return at === 0 ? 0 : this.view.getUint32(at, true);
  }

  /** As a number: exact up to 2^53. */
  u64(id) {
    const at = this.field(id);
    return at === 0 ? 0 : this.view.getUint32(at + 4, true) * 2 ** 32 + this.view.getUint32(at, true);
  }

  follow(at) {
    return at + this.view.getUint32(at, true);
  }

  /** Null when there is none. */
  table(id) {
    const at = this.field(id);
    return at === 0 ? null : new Table(this.view, this.follow(at));
  }

  bytes(id) {
    const at = this.field(id);
    if (at === 0) return new Uint8Array();
    const start = this.follow(at);
    const length = this.view.getUint32(start, true);
    if (start + 4 + length > this.view.byteLength) throw new RangeError('a vector beyond the end');
    return new Uint8Array(this.view.buffer, this.view.byteOffset + start + 4, length);
  }

  string(id) {
    return new TextDecoder().decode(this.bytes(id));
  }

  tables(id) {
    const at = this.field(id);
    if (at === 0) return [];
    const start = this.follow(at);
    const count = this.view.getUint32(start, true);
    if (count * 4 > this.view.byteLength) throw new RangeError('a vector beyond the end');
    return Array.from({ length: count }, (_, i) => new Table(this.view, this.follow(start + 4 + 4 * i)));
  }
}
