import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  dateOf,
  dateText,
  daysInMonth,
  daysOf,
  fieldsOf,
  fieldsText,
  momentOf,
} from '../../src/types/calendar.ts';
import { momentFrom } from '../../src/types/datetime.ts';
import { atGreenwich, parseMoment } from '../../src/types/iso-datetime.ts';

/** From 4713 BC to beyond 294276, as far as PostgreSQL's timestamps go. */
const days = fc.integer({ min: daysOf(-4712, 1, 1), max: daysOf(300_000, 1, 1) });
const moments = days.chain((day) =>
  fc.bigInt({ min: 0n, max: 86_399_999_999n }).map((time) => BigInt(day) * 86_400_000_000n + time),
);

test('every day is the same after being made a date and counted again', () => {
  fc.assert(
    fc.property(days, (day) => {
      const { year, month, day: dayOfMonth } = dateOf(day);
      assert.equal(daysOf(year, month, dayOfMonth), day);
      assert.ok(month >= 1 && month <= 12 && dayOfMonth >= 1 && dayOfMonth <= daysInMonth(year, month));
    }),
  );
});

test('days are counted as Date counts them, for as long as it does', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1_700_000, max: 90_000_000 }), (day) => {
      const date = new Date(day * 86_400_000);
      const expected = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
      assert.deepEqual(dateOf(day), expected);
    }),
  );
});

test('months beyond 1 to 12 count into other years', () => {
  fc.assert(
    fc.property(fc.integer({ min: -4000, max: 9999 }), fc.integer({ min: -50, max: 50 }), (year, month) => {
      const months = year * 12 + month - 1;
      const inYear = months - 12 * Math.floor(months / 12);
      assert.equal(daysOf(year, month, 1), daysOf(Math.floor(months / 12), inYear + 1, 1));
    }),
  );
});

test('every moment is the same after its fields, and after its text, through both readers', () => {
  fc.assert(
    fc.property(moments, (moment) => {
      const fields = fieldsOf(moment);
      assert.equal(momentOf(fields), moment);
      const text = fieldsText(fields);
      assert.equal(momentFrom(text), moment);
      assert.deepEqual(parseMoment(text), { moment, offset: undefined });
      assert.equal(parseMoment(dateText(fields))?.moment, moment - fields.time);
    }),
  );
});

test('a zone moves a moment to Greenwich, over the end of a year too', () => {
  const parsed = parseMoment('1999-12-31 23:30:00.5-05:30');
  assert.ok(parsed !== undefined);
  assert.equal(fieldsText(fieldsOf(atGreenwich(parsed)), '+00'), '2000-01-01 05:00:00.5+00');
  assert.equal(dateText(dateOf(daysOf(1, 1, 1) - 1)), '0001-12-31 BC');
});

test('years before 1 have their leap days where the calendar has them', () => {
  assert.equal(fieldsText(fieldsOf(momentFrom('0001-02-29 BC'))), '0001-02-29 00:00:00 BC');
  assert.throws(() => momentFrom('0004-02-29 BC'), { sqlstate: '22008' });
});
