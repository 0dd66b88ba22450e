import type { Plugin } from '@zocalo/command';

/** What this package adds to the command. */
export const plugin: Plugin = {
  commands: {
    bench: {
      summary: 'measure the concurrency models against each other; tables and charts',
      usage: '[idle|active] [flags]',
      load: () => import('./command.ts'),
    },
  },
};
