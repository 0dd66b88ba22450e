import { plugin as bench } from '@zocalo/bench/plugin';
import type { CommandEntry, Plugin } from '@zocalo/command';
import { plugin as names } from '@zocalo/names/plugin';
import { plugin as ring } from '@zocalo/ring/plugin';
import { plugin as readyServices } from '@zocalo/services/plugin';
import { plugin as sql } from '@zocalo/sql/plugin';
import type { Service } from 'zocalo/service';

const plugins: readonly Plugin[] = [readyServices, names, sql, ring, bench];

/** The ready services, in the order in which help lists them. */
export const services: readonly Service[] = plugins.flatMap((plugin) => plugin.services ?? []);

/** The commands that packages add, in the order in which help lists them. */
export const pluginCommands: Readonly<Record<string, CommandEntry>> = Object.assign(
  {},
  ...plugins.map((plugin) => plugin.commands ?? {}),
);
