import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { createEarthquakes } from '../src/demonstration.ts';

test('the earthquakes that are shown are in order, once each, and where earthquakes can be', () => {
  using database = new DatabaseSync(':memory:');
  createEarthquakes(database);
  const rows = database.prepare('SELECT * FROM quakes ORDER BY id').all();
  assert.ok(rows.length > 60);
  const times = rows.map(({ time }) => String(time));
  assert.deepEqual(times, [...new Set(times)].sort());
  for (const { time, place, latitude, longitude, magnitude, depth } of rows) {
    assert.match(String(time), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00$/);
    assert.ok(Number.isFinite(Date.parse(String(time).replace(' ', 'T'))), String(time));
    assert.ok(Math.abs(Number(latitude)) <= 90 && Math.abs(Number(longitude)) <= 180, String(place));
    assert.ok(Number(magnitude) >= 5 && Number(magnitude) <= 9.5, String(place));
    assert.ok(Number(depth) >= 0 && Number(depth) < 700, String(place));
  }
});
