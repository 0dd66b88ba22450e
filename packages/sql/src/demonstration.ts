import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Time at Greenwich, place, country, latitude and longitude in degrees, magnitude (of moment, Mw), depth in kilometres. */
type Earthquake = readonly [
  time: string,
  place: string,
  country: string,
  latitude: number,
  longitude: number,
  magnitude: number,
  depth: number,
];

/** Earthquakes that are in every history of them, from the catalogs of the seismological services; places rounded. */
const earthquakes: readonly Earthquake[] = [
  ['1906-01-31 15:36:10', 'Esmeraldas', 'Ecuador', 0.96, -79.37, 8.8, 20],
  ['1906-04-18 13:12:27', 'San Francisco, California', 'United States', 37.75, -122.55, 7.9, 12],
  ['1908-12-28 04:20:27', 'Messina', 'Italy', 38.15, 15.69, 7.1, 10],
  ['1920-12-16 12:05:55', 'Haiyuan, Ningxia', 'China', 36.6, 105.32, 8.3, 15],
  ['1922-11-11 04:32:51', 'Vallenar, Atacama', 'Chile', -28.29, -69.85, 8.5, 70],
  ['1923-09-01 02:58:37', 'Kanto', 'Japan', 35.41, 139.08, 8.1, 15],
  ['1939-12-26 23:57:23', 'Erzincan', 'Turkey', 39.77, 39.53, 7.8, 20],
  ['1946-04-01 12:29:01', 'Unimak Island, Alaska', 'United States', 53.49, -162.83, 8.6, 15],
  ['1950-08-15 14:09:34', 'Assam and Tibet', 'India', 28.36, 96.45, 8.6, 15],
  ['1952-11-04 16:58:30', 'Kamchatka', 'Russia', 52.62, 159.78, 9.0, 21.6],
  ['1957-03-09 14:22:33', 'Andreanof Islands, Alaska', 'United States', 51.5, -175.63, 8.6, 25],
  ['1960-05-22 19:11:20', 'Valdivia', 'Chile', -38.14, -73.41, 9.5, 25],
  ['1964-03-28 03:36:16', 'Prince William Sound, Alaska', 'United States', 60.91, -147.34, 9.2, 25],
  ['1965-02-04 05:01:22', 'Rat Islands, Alaska', 'United States', 51.25, 178.72, 8.7, 30.3],
  ['1970-05-31 20:23:29', 'Ancash', 'Peru', -9.25, -78.84, 7.9, 43],
  ['1971-02-09 14:00:41', 'San Fernando, California', 'United States', 34.42, -118.37, 6.6, 8.9],
  ['1976-02-04 09:01:44', 'Los Amates', 'Guatemala', 15.3, -89.15, 7.5, 5],
  ['1976-07-27 19:42:54', 'Tangshan', 'China', 39.61, 117.89, 7.6, 12],
  ['1977-03-04 19:21:54', 'Vrancea', 'Romania', 45.77, 26.76, 7.5, 94],
  ['1980-11-23 18:34:53', 'Irpinia', 'Italy', 40.91, 15.37, 6.9, 10],
  ['1985-09-19 13:17:47', 'Michoacán', 'Mexico', 18.19, -102.53, 8.0, 27.9],
  ['1988-12-07 07:41:24', 'Spitak', 'Armenia', 40.99, 44.19, 6.8, 5.4],
  ['1989-10-18 00:04:15', 'Loma Prieta, California', 'United States', 37.04, -121.88, 6.9, 17.2],
  ['1990-06-20 21:00:09', 'Manjil and Rudbar', 'Iran', 36.96, 49.41, 7.4, 18.5],
  ['1992-06-28 11:57:34', 'Landers, California', 'United States', 34.2, -116.44, 7.3, 1.1],
  ['1994-01-17 12:30:55', 'Northridge, California', 'United States', 34.21, -118.54, 6.7, 18.2],
  ['1994-06-09 00:33:16', 'La Paz', 'Bolivia', -13.84, -67.55, 8.2, 631.3],
  ['1995-01-16 20:46:52', 'Kobe', 'Japan', 34.58, 135.02, 6.9, 21.9],
  ['1999-08-17 00:01:39', 'İzmit', 'Turkey', 40.75, 29.86, 7.6, 17],
  ['1999-09-20 17:47:18', 'Chi-Chi', 'Taiwan', 23.77, 120.98, 7.7, 33],
  ['1999-10-16 09:46:44', 'Hector Mine, California', 'United States', 34.6, -116.27, 7.1, 13.7],
  ['2001-01-26 03:16:40', 'Bhuj, Gujarat', 'India', 23.42, 70.23, 7.7, 16],
  ['2001-02-28 18:54:32', 'Nisqually, Washington', 'United States', 47.15, -122.73, 6.8, 51.8],
  ['2001-06-23 20:33:14', 'Arequipa', 'Peru', -16.27, -73.64, 8.4, 33],
  ['2002-11-03 22:12:41', 'Denali, Alaska', 'United States', 63.52, -147.44, 7.9, 4.9],
  ['2003-12-22 19:15:56', 'San Simeon, California', 'United States', 35.7, -121.1, 6.5, 8.4],
  ['2003-12-26 01:56:52', 'Bam', 'Iran', 29.0, 58.31, 6.6, 10],
  ['2004-09-28 17:15:24', 'Parkfield, California', 'United States', 35.82, -120.37, 6.0, 8.1],
  ['2004-12-26 00:58:53', 'Off the west coast of Sumatra', 'Indonesia', 3.3, 95.98, 9.1, 30],
  ['2005-03-28 16:09:36', 'Nias', 'Indonesia', 2.09, 97.11, 8.6, 30],
  ['2005-10-08 03:50:40', 'Kashmir', 'Pakistan', 34.54, 73.59, 7.6, 26],
  ['2007-08-15 23:40:57', 'Pisco', 'Peru', -13.39, -76.6, 8.0, 39],
  ['2008-05-12 06:28:01', 'Wenchuan, Sichuan', 'China', 31.0, 103.32, 7.9, 19],
  ['2009-04-06 01:32:39', "L'Aquila", 'Italy', 42.33, 13.33, 6.3, 8.8],
  ['2010-01-12 21:53:10', 'Léogâne', 'Haiti', 18.44, -72.57, 7.0, 13],
  ['2010-02-27 06:34:11', 'Maule', 'Chile', -36.12, -72.9, 8.8, 22.9],
  ['2010-04-04 22:40:42', 'El Mayor and Cucapah, Baja California', 'Mexico', 32.29, -115.3, 7.2, 10],
  ['2010-09-03 16:35:47', 'Darfield', 'New Zealand', -43.52, 171.83, 7.0, 12],
  ['2011-02-21 23:51:42', 'Christchurch', 'New Zealand', -43.58, 172.68, 6.1, 5.9],
  ['2011-03-11 05:46:24', 'Tōhoku', 'Japan', 38.3, 142.37, 9.1, 29],
  ['2011-05-11 16:47:25', 'Lorca', 'Spain', 37.7, -1.67, 5.1, 1],
  ['2011-08-23 17:51:04', 'Mineral, Virginia', 'United States', 37.91, -77.94, 5.8, 0],
  ['2011-10-23 10:41:23', 'Van', 'Turkey', 38.72, 43.51, 7.1, 18],
  ['2012-04-11 08:38:36', 'Indian Ocean, west of Sumatra', 'Indonesia', 2.33, 93.06, 8.6, 20],
  ['2013-05-24 05:44:48', 'Sea of Okhotsk', 'Russia', 54.89, 153.22, 8.3, 598.1],
  ['2013-10-15 00:12:32', 'Bohol', 'Philippines', 9.88, 124.12, 7.1, 19],
  ['2014-04-01 23:46:47', 'Iquique', 'Chile', -19.61, -70.77, 8.2, 25],
  ['2014-08-24 10:20:44', 'Napa, California', 'United States', 38.22, -122.31, 6.0, 11.1],
  ['2015-04-25 06:11:25', 'Gorkha', 'Nepal', 28.23, 84.73, 7.8, 8.2],
  ['2015-09-16 22:54:32', 'Illapel', 'Chile', -31.57, -71.67, 8.3, 22.4],
  ['2016-04-16 23:58:36', 'Muisne', 'Ecuador', 0.38, -79.92, 7.8, 20.6],
  ['2016-08-24 01:36:32', 'Amatrice', 'Italy', 42.72, 13.19, 6.2, 4.4],
  ['2016-11-13 11:02:56', 'Kaikōura', 'New Zealand', -42.74, 173.05, 7.8, 15.1],
  ['2017-09-08 04:49:19', 'Chiapas', 'Mexico', 15.02, -93.9, 8.2, 47.4],
  ['2017-09-19 18:14:38', 'Puebla', 'Mexico', 18.55, -98.49, 7.1, 48],
  ['2018-09-28 10:02:45', 'Palu, Sulawesi', 'Indonesia', -0.26, 119.85, 7.5, 20],
  ['2019-07-06 03:19:53', 'Ridgecrest, California', 'United States', 35.77, -117.6, 7.1, 8],
  ['2021-08-14 12:29:08', 'Nippes', 'Haiti', 18.43, -73.48, 7.2, 10],
  ['2023-02-06 01:17:34', 'Pazarcık, Kahramanmaraş', 'Turkey', 37.23, 37.01, 7.8, 10],
  ['2023-02-06 10:24:48', 'Elbistan, Kahramanmaraş', 'Turkey', 38.01, 37.2, 7.5, 7.4],
  ['2023-09-08 22:11:01', 'Al Haouz', 'Morocco', 31.06, -8.39, 6.8, 19],
  ['2024-01-01 07:10:09', 'Noto', 'Japan', 37.49, 137.27, 7.5, 10],
  ['2024-04-02 23:58:12', 'Hualien', 'Taiwan', 23.84, 121.6, 7.4, 40],
];

const schema = `
CREATE TABLE quakes (
  id INTEGER PRIMARY KEY,
  time TIMESTAMP WITH TIME ZONE NOT NULL,
  place TEXT NOT NULL,
  country TEXT NOT NULL,
  latitude DOUBLE PRECISION NOT NULL,
  longitude DOUBLE PRECISION NOT NULL,
  magnitude DOUBLE PRECISION NOT NULL,
  depth DOUBLE PRECISION NOT NULL
);
CREATE INDEX quakes_magnitude ON quakes (magnitude);`;

/** Makes the table `quakes` of significant earthquakes, which `zocalo up` shows. */
export function createEarthquakes(database: DatabaseSync): void {
  database.exec(schema);
  database.exec('BEGIN');
  const insert = database.prepare(
    `INSERT INTO quakes (time, place, country, latitude, longitude, magnitude, depth)
     VALUES (?1 || '+00:00', ?2, ?3, ?4, ?5, ?6, ?7)`,
  );
  for (const earthquake of earthquakes) insert.run(...earthquake);
  database.exec('COMMIT');
}

/** Makes a small database of its own, to be tried and then removed. */
export function demonstration(): { file: string; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'zocalo-sql-'));
  const file = join(directory, 'quakes.db');
  const database = new DatabaseSync(file);
  createEarthquakes(database);
  database.close();
  return { file, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
