import { netcat, type Service } from './service.ts';

/** The ready servers. Adding one is an entry here and a folder beside this file; only what is served is loaded. */
export const services: readonly Service[] = [
  {
    name: 'echo',
    summary: 'lines come back as they came; /clients counts who is in',
    port: 8080,
    settings: [],
    tryIt: netcat,
    load: async () => (await import('./echo/echo.ts')).echo,
  },
  {
    name: 'reverse',
    summary: 'lines come back reversed, as people see characters',
    port: 8081,
    settings: [],
    tryIt: netcat,
    load: async () => (await import('./reverse/reverse.ts')).reverse,
  },
];
