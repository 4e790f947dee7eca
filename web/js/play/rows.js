// Rows of field tables and sets of them, the reader's side: game/fields.hpp and game/row_set.hpp. Pure.
//
// A field is {name, bits, signed, guess: 'zero' | 'same' | 'moved_by', by, step, selects}.
import { Bit, NumberModel, bits } from './entropy.js';

const kSelections = 4;

/** The value that the field can hold which is `value` modulo 2^bits. */
function wrap(field, value) {
  const size = 2 ** field.bits;
  const low = ((value % size) + size) % size;
  return field.signed && low >= size / 2 ? low - size : low;
}

/** What was learned of the rows of one table. */
export class RowModel {
  constructor(table) {
    const apart = table.some((field) => field.selects) ? kSelections : 1;
    this.changed = bits(apart * 2);
    this.fields = Array.from({ length: apart * table.length }, () => ({ inSteps: new Bit(), number: new NumberModel() }));
  }

  each(visit) {
    this.changed.forEach(visit);
    for (const field of this.fields) {
      visit(field.inSteps);
      field.number.each(visit);
    }
  }
}

class RowDecoder {
  constructor(table, model, ticks) {
    this.table = table;
    this.model = model;
    this.ticks = ticks;
    this.lastChanged = false;
    this.selector = table.findIndex((field) => field.selects);
  }

  selected(from) {
    if (this.selector < 0) return 0;
    const value = from[this.selector];
    return value < 0 ? kSelections - 1 : Math.min(value, kSelections - 1);
  }

  guess(index, from, to) {
    const field = this.table[index];
    if (from === null || field.guess === 'zero') return 0;
    if (field.guess !== 'moved_by') return from[index];
    const moved = (this.ticks - 1) * from[field.by] + (this.ticks + 1) * to[field.by];
    return from[index] + Math.floor(moved / 2);
  }

  /** `from`: null when there was none. */
  decode(source, from) {
    const { table, model } = this;
    const to = from !== null ? [...from] : table.map(() => 0);
    const apart = this.selected(to);
    this.lastChanged = source.bit(model.changed[apart * 2 + (this.lastChanged ? 1 : 0)]);
    if (!this.lastChanged) return to;
    for (let i = 0; i < table.length; ++i) {
      const field = table[i];
      const step = field.step ?? 1;
      const learned = model.fields[apart * table.length + i];
      const inSteps = step === 1 || source.bit(learned.inSteps);
      to[i] = inSteps ? wrap(field, this.guess(i, from, to) + learned.number.decode(source) * step)
        : wrap(field, source.raw(field.bits));
    }
    return to;
  }
}

/** What was learned of the sets of one table. */
export class RowSetModel {
  constructor(table) {
    this.same = new Bit();
    this.stays = new Bit();
    this.fresh = new NumberModel();
    this.gap = new NumberModel();
    this.row = new RowModel(table);
  }

  each(visit) {
    visit(this.same);
    visit(this.stays);
    this.fresh.each(visit);
    this.gap.each(visit);
    this.row.each(visit);
  }
}

/** The ids, or null when that is no such part. */
function decodeIds(source, model, before, most) {
  if (source.bit(model.same)) return before.length <= most ? [...before] : null;
  const ids = before.filter(() => source.bit(model.stays));
  const fresh = model.fresh.decode(source);
  if (fresh < 0 || ids.length + fresh > most) return null;
  let next = 0;
  for (let i = 0; i < fresh; ++i) {
    const half = model.gap.decode(source);
    const id = next + half * 2 + source.raw(1);
    if (half < 0 || id > 0xffff) return null;
    ids.push(id);
    next = id + 1;
  }
  ids.sort((a, b) => a - b);
  return ids.some((id, i) => i > 0 && id === ids[i - 1]) ? null : ids;
}

/** {ids, rows}, of `baseline` of the same kind that is `ticks` older; null when that is no such part. */
export function decodeRows(source, model, table, baseline, ticks, most) {
  const ids = decodeIds(source, model, baseline.ids, most);
  if (ids === null) return null;
  const before = new Map(baseline.ids.map((id, i) => [id, baseline.rows[i]]));
  const decoder = new RowDecoder(table, model.row, ticks);
  const rows = [];
  for (const id of ids) {
    rows.push(decoder.decode(source, before.get(id) ?? null));
    if (source.exhausted()) return null;
  }
  return { ids, rows };
}
