import { Failure, formatTable, INTERRUPTED } from '@zocalo/command';
import { addFlag, givenFlags } from '@zocalo/command/settings';
import { StopSignals } from '@zocalo/command/signals';
import { Presets, SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import type { Setting } from 'zocalo/service';
import { ImportError } from './csv-source.ts';
import { type Imported, importCsv } from './import-csv.ts';

const tableSetting: Setting = {
  name: 'table',
  type: { kind: 'text' },
  placeholder: 'name',
  help: 'the table that is made (default: the name of the file)',
  default: undefined,
};

const epilogue = `
The first line of the file has the names of the columns. Fields are separated by
commas, semicolons, tabs or bars, whichever the first line has most of; a file
that ends with .gz is unpacked. The text is UTF-8.

Each column gets the narrowest type that fits all its values: INTEGER, BIGINT,
REAL, BOOLEAN, DATE, TIMESTAMP, TIMESTAMPTZ, UUID, else TEXT. Numbers with zeros
in front stay text. Empty fields are NULL.

The database is made if it is not there. All rows come in, or nothing changes: a
row that cannot be read is reported by its number, counted without the names.

Examples:
  zocalo import earthquakes.csv.gz quakes.db
  zocalo import zones.csv world.db --table zones
  zocalo serve sql quakes.db`;

/** `zocalo import`. */
export function define(command: Command): void {
  command
    .description('Make a table of a SQLite database out of a CSV file.')
    .argument('<file.csv>', 'the file to read, or file.csv.gz')
    .argument('<file.db>', 'the database to put it into');
  addFlag(command, tableSetting, 'Options:');
  command.addHelpText('after', epilogue).action(async (csv: string, database: string) => {
    await run(csv, database, givenFlags(command).table as string | undefined);
  });
}

async function run(csv: string, database: string, table: string | undefined): Promise<void> {
  const bar = new Bar();
  const stop = new AbortController();
  void new StopSignals().first.then(() => stop.abort());
  const began = performance.now();
  try {
    const imported = await importCsv({
      csv,
      database,
      table,
      signal: stop.signal,
      progress: (done) => bar.show(done),
    });
    bar.stop();
    process.stdout.write(summary(imported, database, performance.now() - began));
  } catch (error) {
    bar.stop();
    if (stop.signal.aborted) {
      process.stderr.write('zocalo: the import was broken off; nothing has changed\n');
      process.exit(INTERRUPTED);
    }
    throw explained(error, csv);
  }
}

function explained(error: unknown, csv: string): unknown {
  if (error instanceof ImportError) return new Failure(`${csv}: ${error.message}`, { cause: error });
  if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))
    return new Failure(`${csv}: it cannot be unpacked, so it is not gzip, or not whole: ${error.message}`, {
      cause: error,
    });
  // What the file system or SQLite has to say.
  if (error instanceof Error && 'code' in error)
    return new Failure(`${csv}: ${error.message}`, { cause: error });
  return error;
}

function summary({ table, columns, rows }: Imported, database: string, milliseconds: number): string {
  const list = formatTable(columns.map(({ name, type }) => ['', name, type]));
  const count = `${rows.toLocaleString('en-US')} ${rows === 1 ? 'row' : 'rows'}`;
  const seconds = (milliseconds / 1_000).toFixed(1);
  return `${table}: ${count} in ${seconds} s\n${list.join('\n')}\ntry: zocalo serve sql ${database}\n`;
}

/** How far it is, on a terminal. */
class Bar {
  readonly #bar = new SingleBar(
    {
      stream: process.stderr,
      format: '{bar} {percentage}%, {eta_formatted} left',
      barsize: 40,
      hideCursor: true,
      clearOnComplete: true,
      linewrap: false,
    },
    Presets.shades_classic,
  );
  #shown = false;

  show(fraction: number): void {
    if (!process.stderr.isTTY) return;
    const percent = Math.floor(100 * Math.min(1, fraction));
    if (this.#shown) this.#bar.update(percent);
    else this.#bar.start(100, percent);
    this.#shown = true;
  }

  stop(): void {
    if (this.#shown) this.#bar.stop();
  }
}
