import { once } from 'node:events';
import { connect } from 'node:net';
import { lines } from 'zocalo';
import { bestMechanism, createLoop, type Mechanism, mechanisms } from 'zocalo/internal';
import type { Probes } from './system-checks.ts';

/** How long one trial may take. */
const TIMEOUT_MS = 5_000;

/** Why each mechanism cannot be set up here; undefined for one that can. */
export type MechanismFaults = Readonly<Record<Mechanism, string | undefined>>;

/** What the default model did when it was tried. */
export type Trial = { readonly model: string; readonly failure: string | undefined };

/** Tries system calls. */
export async function probeSystem(): Promise<Probes> {
  const systemCalls = await faultOf(() => import('zocalo/sys'));
  if (systemCalls !== undefined) return { systemCalls, ioUring: undefined };
  const { probeIoUring } = await import('zocalo/sys');
  return { systemCalls, ioUring: probeIoUring() };
}

/** Sets up the loop of every mechanism, and stops it. */
export async function probeMechanisms(): Promise<MechanismFaults> {
  const faults: Partial<Record<Mechanism, string | undefined>> = {};
  for (const mechanism of mechanisms) {
    faults[mechanism] = await faultOf(async () => (await createLoop(mechanism)).stop());
  }
  return faults as MechanismFaults;
}

/** Serves one client on a free port of 127.0.0.1, with the model that `serve` takes by default. */
export async function tryDefaultModel(): Promise<Trial> {
  let model: string = await bestMechanism();
  const failure = await faultOf(async () => {
    // Loaded here, so that what is missing for it is found out, and does not end the examination.
    const { serve } = await import('zocalo');
    const message = (line: string) => `${line}\n`;
    const server = await serve({ name: 'doctor', framing: lines(), message });
    // The report says so by itself.
    server.events.on('fallback', () => {});
    model = server.model;
    try {
      await converse(server.address);
    } finally {
      await server.close();
    }
  });
  return { model, failure };
}

/** Sends a line to an echo server, and waits for it to come back. */
async function converse({ host, port }: { host: string; port: number }): Promise<void> {
  const client = connect(port, host);
  try {
    client.write('hola\n');
    const [answer] = await once(client, 'data');
    if (`${answer}` !== 'hola\n') throw new Error(`it answered ${JSON.stringify(`${answer}`)}`);
  } finally {
    client.destroy();
  }
}

/** Why something fails, as one line; undefined when it does not. */
async function faultOf(action: () => Promise<unknown>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`nothing happened for ${TIMEOUT_MS / 1_000} s`), TIMEOUT_MS);
  });
  const done = action().then(
    () => undefined,
    (error: unknown) =>
      (error instanceof Error ? error.message : String(error)).trim().replace(/\s*\n.*/s, ''),
  );
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
