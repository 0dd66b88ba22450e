import type { Plugin } from '@zocalo/command';

/** What this package adds to the command. */
export const plugin: Plugin = {
  commands: {
    ring: {
      summary: 'a ring of processes with two tokens that survives its faults',
      usage: '<node|demo|stop|status> [flags]',
      load: () => import('./command/command.ts'),
    },
  },
};
