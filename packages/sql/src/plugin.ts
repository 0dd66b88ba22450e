import type { Plugin } from '@zocalo/command';
import { sqlService } from './service.ts';

/** What this package adds to the command. */
export const plugin: Plugin = {
  services: [sqlService],
  commands: {
    import: {
      summary: 'make a table of a SQLite database out of a CSV file',
      usage: '<file.csv> <file.db> [flags]',
      load: () => import('./import/command.ts'),
    },
  },
};
