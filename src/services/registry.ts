import { netcat, type Service } from './service.ts';

/** The ready servers. Adding one is an entry here and a folder beside this file; only what is served is loaded. */
export const services: readonly Service[] = [
  {
    name: 'echo',
    summary: 'sends every line back as it came; /clients tells how many are connected',
    port: 8080,
    settings: [],
    tryIt: netcat,
    load: async () => (await import('./echo/echo.ts')).echo,
  },
  {
    name: 'reverse',
    summary: 'sends every line back reversed, character by character as people see them',
    port: 8081,
    settings: [],
    tryIt: netcat,
    load: async () => (await import('./reverse/reverse.ts')).reverse,
  },
];
