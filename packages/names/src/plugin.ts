import { namesService } from './service.ts';

/** What this package adds to the command: a `Plugin` of @zocalo/command. */
export const plugin = { services: [namesService] };
