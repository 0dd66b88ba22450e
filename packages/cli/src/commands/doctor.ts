import { type InspectColor, styleText } from 'node:util';
import { FAILED, formatTable, OK } from '@zocalo/command';
import { addFlag, givenFlags } from '@zocalo/command/settings';
import type { Command } from 'commander';
import type { Setting } from 'zocalo/service';
import { demandFor } from '../doctor/demand.ts';
import { adviceOf, type Diagnosis, examine } from '../doctor/diagnosis.ts';
import { helpWidth, wrap } from '../help-text.ts';
import { serverSettings } from '../settings/server-settings.ts';

const jsonSetting: Setting = {
  name: 'json',
  type: { kind: 'switch' },
  placeholder: '',
  help: 'one object in JSON, for programs',
  default: undefined,
};

const epilogue = `
It looks at the limits and settings of the system, tries the system calls, sets
up every concurrency model for a moment, and has the default one serve a client
on a free port of 127.0.0.1. It changes nothing on the machine.

  ok       enough
  low      it works, for fewer clients than --max-clients
  missing, refused, old
           it is not to be had here
  unknown  this system does not tell
  no       this model cannot run here

Room for clients is what open files, memory and threads are enough for, at the
worst moment: when every client has left unread as much as it may.

In JSON, "unlimited" stands for no limit; what is not known is left out.

Exit status: 0 when the default model serves, 1 when it does not.

Examples:
  zocalo doctor
  zocalo doctor --max-clients 50000
  zocalo doctor --json`;

/** `zocalo doctor`. */
export function define(command: Command): void {
  command.description('Say what this machine offers for serving many clients, and what to raise.');
  for (const setting of serverSettings.filter(({ name }) => name === 'max-clients')) {
    addFlag(command, setting, 'Options:');
  }
  addFlag(command, jsonSetting, 'Options:');
  command.addHelpText('after', epilogue).action(async () => {
    await run(givenFlags(command));
  });
}

async function run(flags: Readonly<Record<string, unknown>>): Promise<void> {
  const maxClients = flags['max-clients'] as number | undefined;
  const diagnosis = await examine(demandFor(maxClients));
  const text = flags.json === true ? toJson(diagnosis) : report(diagnosis);
  // A mechanism that hangs must not keep the command alive.
  process.stdout.write(text, () => process.exit(diagnosis.ok ? OK : FAILED));
}

function toJson(diagnosis: Diagnosis): string {
  // JSON has no infinity, and null would say that it is not known.
  const replacer = (_key: string, value: unknown) =>
    value === Number.POSITIVE_INFINITY ? 'unlimited' : value;
  return `${JSON.stringify(diagnosis, replacer, 2)}\n`;
}

const colours: Readonly<Record<string, InspectColor>> = { ok: 'green', low: 'yellow', unknown: 'gray' };
function report({ checks, models, default: chosen, demand }: Diagnosis): string {
  const rows = [
    ...checks.map(({ name, ...rest }) => ({ name, ...rest })),
    ...models.map(({ model, ...rest }) => ({ name: model, ...rest })),
  ];
  const table = formatTable(rows.map(({ verdict, name, found }) => [verdict, name, found]));
  const coloured = table.map((line, i) => {
    const verdict = rows[i]?.verdict ?? '';
    return styleText(colours[verdict] ?? 'red', verdict) + line.slice(verdict.length);
  });
  const heading = (text: string) => styleText('bold', text);
  const { model, why, failure } = chosen;
  const outcome = failure === undefined ? 'It has just served a client.' : `It cannot serve: ${failure}`;
  const blocks = [
    [heading('This machine'), ...coloured.slice(0, checks.length)],
    [heading('The concurrency models'), ...coloured.slice(checks.length)],
    [`${heading('The default model')} is ${model}: ${why}.`, outcome],
  ];
  const advice = adviceOf(checks).flatMap(({ about, words, commands }) => [
    ...wrap(`${about}: ${words}`, helpWidth()),
    ...commands.map((command) => `    ${command}`),
  ]);
  const clients = `for ${demand.maxClients.toLocaleString('en-US')} clients`;
  if (advice.length > 0) blocks.push([heading(`What to raise, ${clients}`), ...advice]);
  else blocks.push([`Nothing has to be raised ${clients}.`]);
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}
