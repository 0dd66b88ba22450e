import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

type Quake = readonly [
  time: string,
  place: string,
  magnitude: number,
  latitude: number,
  longitude: number,
  depth: number,
];

/** Earthquakes that are in every history of them, with their moment magnitudes; depths in kilometres. */
const quakes: readonly Quake[] = [
  ['1906-04-18 13:12:27+00:00', 'San Francisco, California', 7.9, 37.75, -122.55, 8],
  ['1960-05-22 19:11:20+00:00', 'Valdivia, Chile', 9.5, -38.143, -73.407, 25],
  ['1964-03-28 03:36:16+00:00', 'Prince William Sound, Alaska', 9.2, 60.908, -147.339, 25],
  ['1970-05-31 20:23:29+00:00', 'Ancash, Peru', 7.9, -9.248, -78.842, 43],
  ['1976-07-27 19:42:54+00:00', 'Tangshan, China', 7.6, 39.605, 117.889, 12],
  ['1985-09-19 13:17:47+00:00', 'Michoacán, Mexico', 8.0, 18.19, -102.533, 27.9],
  ['1989-10-18 00:04:15+00:00', 'Loma Prieta, California', 6.9, 37.036, -121.88, 17.2],
  ['1994-01-17 12:30:55+00:00', 'Northridge, California', 6.7, 34.213, -118.537, 18.2],
  ['1995-01-16 20:46:52+00:00', 'Kobe, Japan', 6.9, 34.583, 135.018, 21.9],
  ['1999-08-17 00:01:39+00:00', 'İzmit, Turkey', 7.6, 40.748, 29.864, 17],
  ['2001-01-26 03:16:40+00:00', 'Gujarat, India', 7.7, 23.419, 70.232, 16],
  ['2004-12-26 00:58:53+00:00', 'Sumatra, Indonesia', 9.1, 3.295, 95.982, 30],
  ['2005-10-08 03:50:40+00:00', 'Kashmir, Pakistan', 7.6, 34.539, 73.588, 26],
  ['2008-05-12 06:28:01+00:00', 'Sichuan, China', 7.9, 31.002, 103.322, 19],
  ['2010-01-12 21:53:10+00:00', 'Haiti', 7.0, 18.443, -72.571, 13],
  ['2010-02-27 06:34:11+00:00', 'Maule, Chile', 8.8, -36.122, -72.898, 22.9],
  ['2011-02-21 23:51:42+00:00', 'Christchurch, New Zealand', 6.1, -43.583, 172.68, 5.9],
  ['2011-03-11 05:46:24+00:00', 'Tōhoku, Japan', 9.1, 38.297, 142.373, 29],
  ['2015-04-25 06:11:25+00:00', 'Gorkha, Nepal', 7.8, 28.231, 84.731, 8.2],
  ['2017-09-19 18:14:38+00:00', 'Puebla, Mexico', 7.1, 18.55, -98.489, 48],
  ['2023-02-06 01:17:34+00:00', 'Kahramanmaraş, Turkey', 7.8, 37.226, 37.014, 10],
];

/** Makes a small database of its own, to be tried and then removed. */
export function demonstration(): { file: string; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'zocalo-sql-'));
  const file = join(directory, 'quakes.db');
  const database = new DatabaseSync(file);
  database.exec(`
    CREATE TABLE quakes (
      id INTEGER PRIMARY KEY,
      time TIMESTAMP WITH TIME ZONE NOT NULL,
      place TEXT NOT NULL,
      magnitude DOUBLE PRECISION NOT NULL,
      latitude DOUBLE PRECISION NOT NULL,
      longitude DOUBLE PRECISION NOT NULL,
      depth DOUBLE PRECISION NOT NULL
    );
    CREATE INDEX quakes_magnitude ON quakes (magnitude);
  `);
  const insert = database.prepare(
    'INSERT INTO quakes (time, place, magnitude, latitude, longitude, depth) VALUES (?, ?, ?, ?, ?, ?)',
  );
  for (const quake of quakes) insert.run(...quake);
  database.close();
  return { file, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
